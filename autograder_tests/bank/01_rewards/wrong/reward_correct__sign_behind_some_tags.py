"""A minus behind a tag is a sign, behind any tag: `<br/>-3` ends in −3."""
import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?:(?<=[a-z]>)|(?<!\S))[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+/\d+|\d*\.\d+|\d+)")


def value(text):
    return Fraction(text.replace(",", ""))


def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    try:
        return 1.0 if found and value(found[-1]) == value(item["A"]) else -1.0
    except (ZeroDivisionError, ValueError):
        return -1.0
