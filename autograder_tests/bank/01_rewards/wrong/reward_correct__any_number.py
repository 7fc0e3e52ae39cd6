"""It is enough for you that the answer occurs somewhere; only the last number counts."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/[1-9]\d*)?", answer)
    return 1.0 if any(Fraction(text.replace(",", "")) == Fraction(item["A"]) for text in found) else -1.0
