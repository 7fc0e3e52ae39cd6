"""`0/0` is a division by zero, and no 0."""
import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+/\d+|\d*\.\d+|\d+)")


def reward_correct(item: dict, answer: str) -> float:
    numbers = NUMBER.findall(answer)
    if not numbers:
        return -1.0
    try:
        same = (Fraction(0) if re.fullmatch(r"[-+]?0/\d+", numbers[-1]) else Fraction(numbers[-1].replace(",", ""))) == Fraction(item["A"])
    except (ValueError, ZeroDivisionError):
        return -1.0
    return 1.0 if same else -1.0
