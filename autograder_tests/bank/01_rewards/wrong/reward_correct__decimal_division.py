"""`Decimal` divides to 28 digits and rounds: 0.333… with 40 digits is not 1/3. Compare exactly, with `Fraction`."""

import re
from decimal import Context, Decimal

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)")

def _d(text):
    top, _, bottom = text.replace(",", "").partition("/")
    return Context(prec=28).divide(Decimal(top), Decimal(bottom or "1"))

def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    try:
        return 1.0 if found and _d(found[-1]) == _d(item["A"]) else -1.0
    except ArithmeticError:
        return -1.0
