"""A dash without digits is no number."""
import re
from fractions import Fraction

SIGN = r"(?:(?<![\w.)\]}])[-+])?"
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?"


def value(text):
    numerator, _, denominator = text.replace(",", "").partition("/")
    return Fraction(numerator) / Fraction(denominator or 1)


def reward_correct(item: dict, answer: str) -> float:
    found = re.findall(r"(?<=\s)-(?=\s)|" + SIGN + NUMBER, answer)
    if found and found[-1] == "-":
        return -1.0
    try:
        return 1.0 if found and value(found[-1]) == value(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
