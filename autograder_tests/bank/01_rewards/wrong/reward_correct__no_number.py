"""A completion without any number raises: it is a wrong answer, −1.0."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return 1.0 if Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
