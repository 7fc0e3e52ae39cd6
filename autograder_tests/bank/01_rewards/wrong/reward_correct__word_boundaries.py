r"""`\b` wants a number to stand alone: in `7km` there is no word boundary behind the 7, and you do not see it."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\b\d+/\d+\b|\b\d{1,3}(?:,\d{3})+(?:\.\d+)?\b|\b\d+(?:\.\d+)?\b|\.\d+\b)")

def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    if not found:
        return -1.0
    try:
        value = Fraction(found[-1].replace(",", ""))
    except ZeroDivisionError:
        return -1.0
    return 1.0 if value == Fraction(item["A"]) else -1.0
