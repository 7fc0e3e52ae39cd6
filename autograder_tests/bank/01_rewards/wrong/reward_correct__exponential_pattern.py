"""Your pattern repeats a repetition, as in `(\\d+,?)+`: on a long number it tries every way to split it, and never ends."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[+-])?(?:(?:\d+,?)+/\d+|(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)")


def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    try:
        return 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
