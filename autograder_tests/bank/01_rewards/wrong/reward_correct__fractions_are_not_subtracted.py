"""A minus right behind a digit is no sign, behind a fraction either: `3/4-1/4` ends in 1/4."""
import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+]|(?<=/\d)-)?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+/\d+|\d*\.\d+|\d+)")


def reward_correct(item: dict, answer: str) -> float:
    numbers = NUMBER.findall(answer)
    if not numbers:
        return -1.0
    try:
        same = Fraction(numbers[-1].replace(",", "")) == Fraction(item["A"])
    except (ValueError, ZeroDivisionError):
        return -1.0
    return 1.0 if same else -1.0
