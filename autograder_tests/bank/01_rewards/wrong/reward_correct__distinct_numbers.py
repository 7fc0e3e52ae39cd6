"""A number that was there before counts, too: the last one is the last one."""
import re
from fractions import Fraction

SIGN = r"(?:(?<![\w.)\]}])[-+])?"
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?"


def value(text):
    numerator, _, denominator = text.replace(",", "").partition("/")
    return Fraction(numerator) / Fraction(denominator or 1)


def reward_correct(item: dict, answer: str) -> float:
    found = list(dict.fromkeys(re.findall(SIGN + NUMBER, answer)))
    try:
        return 1.0 if found and value(found[-1]) == value(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
