"""`12-.5` ends in the number .5: a minus right behind a digit is a difference, before a decimal point, too."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+]|-(?=\.))?(?:\d+/\d+|(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)")


def reward_correct(item: dict, answer: str) -> float:
    numbers = NUMBER.findall(answer)
    if not numbers:
        return -1.0
    try:
        last = Fraction(numbers[-1].replace(",", ""))
    except (ValueError, ZeroDivisionError):
        return -1.0
    return 1.0 if last == Fraction(item["A"]) else -1.0
