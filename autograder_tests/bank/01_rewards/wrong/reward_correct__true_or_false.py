"""You return True or False; a reward is a number, 1.0 or −1.0."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return bool(found) and Fraction(found[-1].replace(",", "")) == Fraction(item["A"])
    except ZeroDivisionError:
        return False
