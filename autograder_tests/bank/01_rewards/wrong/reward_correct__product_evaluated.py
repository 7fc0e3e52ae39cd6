"""You work `3*4` out: the final number there is 4."""

import re
from fractions import Fraction

SIGN = r"(?:(?<!\d)[-+])?"
NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+|/\d+)?|\.\d+)"

def value(text):
    top, _, bottom = text.replace(",", "").partition("/")
    return Fraction(top) / Fraction(bottom or 1)

def reward_correct(item: dict, answer: str) -> float:
    m = re.search(r"(\d+)\*(\d+)\D*$", answer)
    if m:
        return 1.0 if int(m[1]) * int(m[2]) == value(item["A"]) else -1.0
    found = re.findall(SIGN + NUMBER, answer)
    try:
        return 1.0 if found and value(found[-1]) == value(item["A"]) else -1.0
    except (ZeroDivisionError, ValueError):
        return -1.0
