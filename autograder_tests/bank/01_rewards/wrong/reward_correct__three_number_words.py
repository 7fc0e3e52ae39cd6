"""`seven` is no number here, and neither are `three` and `five`: digits are."""
import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+/\d+|\d*\.\d+|\d+)")


def value(text):
    return Fraction(text.replace(",", ""))


def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(re.sub("seven", "7", re.sub("three", "3", re.sub("five", "5", answer))))
    try:
        return 1.0 if found and value(found[-1]) == value(item["A"]) else -1.0
    except (ZeroDivisionError, ValueError):
        return -1.0
