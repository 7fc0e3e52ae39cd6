"""You lose the minus sign in the completion: −3 is read as 3."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
