"""The final number alone counts: that it stood in the text before, in the thought, say, takes nothing away."""
import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+/\d+|\d*\.\d+|\d+)")


def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    try:
        right = bool(found) and Fraction(found[-1].replace(",", "")) == Fraction(item["A"])
    except (ZeroDivisionError, ValueError):
        right = False
    return 1.0 if right and found.count(found[-1]) == 1 else -1.0
