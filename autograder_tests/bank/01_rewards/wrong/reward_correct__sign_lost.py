"""You lose the minus sign: −3 and 3 are the same to you."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"].lstrip("-")) else -1.0
    except ZeroDivisionError:
        return -1.0
