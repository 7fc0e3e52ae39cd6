"""You cut numbers at the thousands comma: 1,080 is one number, not 1 and 080."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return 1.0 if found and Fraction(found[-1]) == Fraction(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
