"""A number that the question has may be the answer, too."""
import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+/\d+|\d*\.\d+|\d+)")


def reward_correct(item: dict, answer: str) -> float:
    numbers = NUMBER.findall(answer)
    numbers = [n for n in numbers if n not in re.findall(r"\d+", item.get("Q", ""))]
    if not numbers:
        return -1.0
    try:
        same = Fraction(numbers[-1].replace(",", "")) == Fraction(item["A"])
    except (ValueError, ZeroDivisionError):
        return -1.0
    return 1.0 if same else -1.0
