"""-1.75 is −(1 + 0.75), not −1 + 0.75: the sign holds for what is behind the point, too."""
import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+/\d+|\d*\.\d+|\d+)")


def value(text):
    whole, dot, decimals = text.replace(",", "").partition(".")
    if not dot:
        return Fraction(whole)
    return Fraction(whole if whole.strip("+-") else "0") + Fraction(int(decimals), 10 ** len(decimals))


def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    try:
        return 1.0 if found and value(found[-1]) == value(item["A"]) else -1.0
    except (ZeroDivisionError, ValueError):
        return -1.0
