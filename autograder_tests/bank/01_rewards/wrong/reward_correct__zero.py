"""You give 0 for a wrong answer; it gets −1.0."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else 0.0
    except ZeroDivisionError:
        return 0.0
