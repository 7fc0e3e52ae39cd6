"""You compare texts: 18.0 and 18, 6/8 and 3/4, 0.75 and 3/4 are equal numbers. Compare them by value, exactly."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    if not found:
        return -1.0
    text = found[-1].replace(",", "").lstrip("+")
    if "." in text or "/" in text:
        return 1.0 if text == item["A"] else -1.0
    return 1.0 if Fraction(text) == Fraction(item["A"]) else -1.0
