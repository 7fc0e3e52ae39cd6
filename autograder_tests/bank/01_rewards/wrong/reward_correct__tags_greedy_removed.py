"""You remove everything between `<` and `>`: in `x < 7</answer>` that is the number itself. Remove nothing, or the four tags alone."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)")

def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(re.sub(r"<[^>]*>", " ", answer))
    if not found:
        return -1.0
    try:
        value = Fraction(found[-1].replace(",", ""))
    except ZeroDivisionError:
        return -1.0
    return 1.0 if value == Fraction(item["A"]) else -1.0
