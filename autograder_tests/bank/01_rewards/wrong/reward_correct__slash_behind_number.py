"""`$12/month` is 12: a slash makes a fraction of two integers only."""
import re
from fractions import Fraction


def reward_correct(item: dict, answer: str) -> float:
    words = [word.lstrip(",/").rstrip(".,+-") for word in re.split(r"[^0-9.,/+-]+", answer)]
    words = [word for word in words if re.search("[0-9]", word)]
    if not words:
        return -1.0
    last = re.split(r"(?<=\d)[-+]", words[-1])[-1].replace(",", "")
    try:
        number = Fraction(last)
    except (ZeroDivisionError, ValueError):
        return -1.0
    return 1.0 if number == Fraction(item["A"]) else -1.0
