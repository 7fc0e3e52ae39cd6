"""Only the last number counts: a division by zero before it does no harm."""
import re
from fractions import Fraction


def reward_correct(item: dict, answer: str) -> float:
    found = re.findall(r"(?:(?<!\d)[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+|/\d+)?", answer)
    try:
        values = [Fraction(text.replace(",", "")) for text in found]
    except ZeroDivisionError:
        return -1.0
    return 1.0 if values and values[-1] == Fraction(item["A"]) else -1.0
