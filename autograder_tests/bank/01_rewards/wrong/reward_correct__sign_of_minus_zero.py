"""`-0.5` is not 0.5: the sign of -0 is lost where the part before the point is made an integer."""
import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+/\d+|\d*\.\d+|\d+)")


def value(text):
    whole, dot, decimals = text.replace(",", "").partition(".")
    if not dot:
        return Fraction(whole)
    left, right = int(whole + "0" if whole in ("", "+", "-") else whole), Fraction(int(decimals), 10 ** len(decimals))
    return left - right if left < 0 else left + right


def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    try:
        return 1.0 if found and value(found[-1]) == value(item["A"]) else -1.0
    except (ZeroDivisionError, ValueError):
        return -1.0
