"""You do not read fractions: of 3/4 only the 4 is left. A fraction of two integers is one number."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?", answer)
    return 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
