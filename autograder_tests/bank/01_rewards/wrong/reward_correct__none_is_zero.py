"""You take a text without a number for 0: no number is a wrong answer, even where 0 is the right one."""

import re
from fractions import Fraction

SIGN = r"(?:(?<!\d)[-+])?"
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+/\d+|\d+(?:\.\d+)?|\.\d+)"


def to_value(text):
    return Fraction(text.replace(",", "").lstrip("+"))


def reward_correct(item: dict, answer: str) -> float:
    found = re.findall(SIGN + NUMBER, answer)
    found = found or ['0']
    try:
        value = to_value(found[-1])
    except ZeroDivisionError:
        return -1.0
    return 1.0 if value == to_value(item["A"]) else -1.0
