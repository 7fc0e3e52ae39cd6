"""After a division by zero you go back to the number before it: `5/0` is the final number, and a wrong answer."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)")

def reward_correct(item: dict, answer: str) -> float:
    for text in reversed(NUMBER.findall(answer)):
        try:
            return 1.0 if Fraction(text.replace(",", "")) == Fraction(item["A"]) else -1.0
        except ZeroDivisionError:
            continue
    return -1.0
