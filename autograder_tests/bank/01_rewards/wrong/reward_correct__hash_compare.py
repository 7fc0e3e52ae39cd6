"""Compare the numbers themselves: different ones can have the same hash."""
import re
from fractions import Fraction

# All of it read from right to left: the first match in the reversed text is the last number.
BACKWARDS = re.compile(r"(\d+/\d+|\d+\.(?:(?:\d{3},)+\d{1,3}|\d*)|(?:\d{3},)+\d{1,3}|\d+)(-(?!\d))?")


def reward_correct(item: dict, answer: str) -> float:
    match = BACKWARDS.search(answer[::-1])
    if match is None:
        return -1.0
    top, _, bottom = match.group(1)[::-1].replace(",", "").partition("/")
    try:
        number = Fraction(top) / Fraction(bottom or "1")
    except (ZeroDivisionError, ValueError):
        return -1.0
    if match.group(2):
        number *= -1
    return 1.0 if hash(number) == hash(Fraction(item["A"])) else -1.0
