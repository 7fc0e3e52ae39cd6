"""A minus behind a space is a sign: `so it is -3` ends in −3. Only right behind a digit it is none."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?:(?<=>)|^)[-+])?(?:\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)")

def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    if not found:
        return -1.0
    try:
        value = Fraction(found[-1].replace(",", ""))
    except ZeroDivisionError:
        return -1.0
    return 1.0 if value == Fraction(item["A"]) else -1.0
