"""`7k` is 7: what stands around a number does not matter."""
import re
from fractions import Fraction

NUMBER = r"(?:(?<!\d)[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?"


def reward_correct(item: dict, answer: str) -> float:
    found = re.findall(NUMBER, re.sub(r"(?<=\d)k\b", "000", answer))
    try:
        return 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
    except (ValueError, ZeroDivisionError):
        return -1.0
