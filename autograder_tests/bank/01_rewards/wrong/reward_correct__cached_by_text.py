"""You remember rewards by the text alone: with another problem the same text can be right where it was wrong before."""

import re
from fractions import Fraction

_seen = {}


def reward_correct(item: dict, answer: str) -> float:
    if answer not in _seen:
        found = re.findall(r"(?:(?<!\d)[+-])?(?:\d+/\d+|(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)", answer)
        try:
            _seen[answer] = 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
        except ZeroDivisionError:
            _seen[answer] = -1.0
    return _seen[answer]
