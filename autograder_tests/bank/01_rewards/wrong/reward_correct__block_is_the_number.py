"""You take all of the answer block as the number: `12 km` and `$12` have a number in them, and it is 12."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    block = re.search(r"<answer>(.*)</answer>", answer, re.DOTALL)
    try:
        return 1.0 if Fraction((block[1] if block else answer).replace(",", "").strip()) == Fraction(item["A"]) else -1.0
    except (ValueError, ZeroDivisionError):
        return -1.0
