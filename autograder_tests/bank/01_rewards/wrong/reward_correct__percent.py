"""`50%` is the number 50: what stands around a number, a percent sign too, does not matter."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)")

def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    if not found:
        return -1.0
    try:
        value = Fraction(found[-1].replace(",", ""))
    except ZeroDivisionError:
        return -1.0
    if answer.rstrip(' .').removesuffix('</answer>').endswith('%'):
        value /= 100
    return 1.0 if value == Fraction(item["A"]) else -1.0
