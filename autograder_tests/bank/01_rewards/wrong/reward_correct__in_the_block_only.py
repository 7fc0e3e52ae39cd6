"""You look inside `<answer>` only: here the last number counts wherever it stands; the format has its own reward."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    block = re.search(r"<answer>(.*)</answer>", answer, re.DOTALL)
    if block is None:
        return -1.0
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", block[1])
    try:
        return 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
