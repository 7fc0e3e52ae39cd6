"""`7-3/4` ends in the number 3/4: a minus right behind a digit is a difference, before a fraction, too."""

import re
from fractions import Fraction


def reward_correct(item: dict, answer: str) -> float:
    plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", answer)
    numbers = re.findall(r"(?:-?\d+/\d+|(?:(?<!\d)-)?(?:\d*\.\d+|\d+))", plain)
    try:
        last, right = Fraction(numbers[-1]), Fraction(item["A"])
    except (IndexError, ValueError, ZeroDivisionError):
        return -1.0
    return 1.0 if last == right else -1.0
