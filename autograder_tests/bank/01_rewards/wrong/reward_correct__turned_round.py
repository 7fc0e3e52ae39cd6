"""Right and wrong are the other way round: +1.0 is for the right answer."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return -1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else 1.0
    except ZeroDivisionError:
        return 1.0
