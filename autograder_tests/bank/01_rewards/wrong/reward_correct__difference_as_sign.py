"""You read the minus of a difference as a sign: `5-3` ends in 3, not in −3. A minus right behind a digit is no sign."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"[-+]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
