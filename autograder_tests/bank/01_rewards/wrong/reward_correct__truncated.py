"""You turn numbers into integers before you compare: 1.7 is not 1."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return 1.0 if found and int(Fraction(found[-1].replace(",", ""))) == int(Fraction(item["A"])) else -1.0
    except ZeroDivisionError:
        return -1.0
