"""`3/4.` at the end of a sentence is 3/4: the full stop belongs to the sentence, behind a fraction, too."""
import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?\.?\d[\d,./]*")


def value(text):
    return Fraction(text.replace(",", "").rstrip(",") if "/" in text else text.replace(",", "").rstrip("."))


def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    try:
        return 1.0 if found and value(found[-1]) == value(item["A"]) else -1.0
    except (ZeroDivisionError, ValueError):
        return -1.0
