"""Numbers of an earlier text count again: a default value such as `[]` is made once, and kept from call to call."""

import re
from fractions import Fraction


def reward_correct(item: dict, answer: str, found=[]) -> float:
    found += re.findall(r"(?:(?<!\d)[+-])?(?:\d+/\d+|(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)", answer)
    try:
        return 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
