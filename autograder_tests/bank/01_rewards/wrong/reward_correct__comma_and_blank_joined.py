"""In `3, 400` are two numbers: a thousands comma has digits on both sides."""
import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?")


def value(text):
    top, _, bottom = text.replace(",", "").partition("/")
    return Fraction(top) / Fraction(bottom or "1")


def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer.replace(", ", ","))
    if not found:
        return -1.0
    try:
        same = value(found[-1]) == value(item["A"])
    except (ZeroDivisionError, ValueError):
        return -1.0
    return 1.0 if same else -1.0
