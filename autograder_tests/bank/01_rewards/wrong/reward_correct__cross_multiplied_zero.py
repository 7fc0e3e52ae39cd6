"""`0/0` equals everything if you multiply across: a division by zero is a wrong answer, so look at the denominator first."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)")

def _pair(text):
    text = text.replace(",", "")
    if "/" in text:
        a, b = text.split("/")
        return int(a), int(b)
    q = Fraction(text)
    return q.numerator, q.denominator

def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    if not found:
        return -1.0
    (a, b), (c, d) = _pair(found[-1]), _pair(item["A"])
    return 1.0 if a * d == c * b else -1.0
