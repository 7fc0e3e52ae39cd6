"""You take the spaces out before you look: `7 8` are two numbers, and become 78."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)")

def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer.replace(" ", ""))
    if not found:
        return -1.0
    try:
        value = Fraction(found[-1].replace(",", ""))
    except ZeroDivisionError:
        return -1.0
    return 1.0 if value == Fraction(item["A"]) else -1.0
