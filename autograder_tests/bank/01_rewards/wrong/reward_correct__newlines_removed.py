"""You take line breaks out first: two numbers on two lines, `7` and `8`, then grow together to 78."""

import re
from fractions import Fraction

SIGN = r"(?:(?<!\d)[-+])?"
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+/\d+|\d+(?:\.\d+)?|\.\d+)"


def to_value(text):
    return Fraction(text.replace(",", "").lstrip("+"))


def reward_correct(item: dict, answer: str) -> float:
    answer = answer.replace("\n", "")
    found = re.findall(SIGN + NUMBER, answer)
    if not found:
        return -1.0
    try:
        value = to_value(found[-1])
    except ZeroDivisionError:
        return -1.0
    return 1.0 if value == to_value(item["A"]) else -1.0
