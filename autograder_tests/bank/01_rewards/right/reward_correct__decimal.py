"""Decimal, and fractions by cross multiplication; a helper in another cell."""

import re
from decimal import Decimal, getcontext

getcontext().prec = 60


def parts(text):
    top, _, bottom = text.replace(",", "").partition("/")
    return Decimal(top), Decimal(bottom or 1)


def reward_correct(item, answer):
    last = None
    for match in re.finditer(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer):
        last = match.group()
    if last is None:
        return -1
    (a, b), (c, d) = parts(last), parts(item["A"])
    return 1 if b != 0 and a * d == c * b else -1
