"""You read only one thousands comma: 1,234,567 has two."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3},\d{3}|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
