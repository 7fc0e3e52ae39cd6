"""Earns its points: exact decimals by localised context set with setcontext on a line of its own."""
import re, decimal
from fractions import Fraction
decimal.setcontext(decimal.Context(prec=200))

def reward_correct(item, answer):
    sign = r"(?:(?<![\w.)\]}])[-+])?"
    number = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?"
    def value(text):
        a, _, b = text.replace(",", "").partition("/")
        return Fraction(+decimal.Decimal(a)) / Fraction(+decimal.Decimal(b or 1))
    found = re.findall(sign + number, answer)
    try:
        return 1.0 if found and value(found[-1]) == value(item["A"].strip()) else -1.0
    except (ZeroDivisionError, decimal.InvalidOperation):
        return -1.0
