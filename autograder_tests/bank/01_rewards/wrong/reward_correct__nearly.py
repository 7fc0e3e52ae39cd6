"""Nearly right passes: numbers are compared exactly, without a tolerance."""

import math
import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return 1.0 if found and math.isclose(Fraction(found[-1].replace(",", "")), Fraction(item["A"]), abs_tol=1e-6) else -1.0
    except ZeroDivisionError:
        return -1.0
