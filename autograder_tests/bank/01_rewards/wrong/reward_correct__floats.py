"""You compare floats, which round: 9007199254740993 and 9007199254740992 are the same float. Compare exactly."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        return 1.0 if found and float(Fraction(found[-1].replace(",", ""))) == float(Fraction(item["A"])) else -1.0
    except ZeroDivisionError:
        return -1.0
