"""The full stop at the end of a sentence is not part of the number: `18.` is 18."""

import re
from fractions import Fraction


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d*)?(?:/\d+)?", answer)
    try:
        return (
            1.0
            if found and not found[-1].endswith(".") and Fraction(found[-1].replace(",", "")) == Fraction(item["A"])
            else -1.0
        )
    except ZeroDivisionError:
        return -1.0
