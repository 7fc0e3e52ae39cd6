"""Commas first, then a regular expression and Fraction."""

import re
from fractions import Fraction


def reward_correct(item: dict, answer: str) -> float:
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", answer)
    numbers = re.findall(r"(?<![\d.])(?:(?<![\w)\]}])[+-])?(?:\d+(?:\.\d+)?|\.\d+)(?:/\d+)?", text)
    if not numbers:
        return -1.0
    try:
        top, *bottom = numbers[-1].split("/")
        value = Fraction(top) / Fraction(bottom[0] if bottom else "1")
    except ZeroDivisionError:
        return -1.0
    return 1.0 if value == Fraction(item["A"]) else -1.0
