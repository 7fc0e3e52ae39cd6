"""A number written as a word, `seven`, is no number here: only digits count."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)")

def reward_correct(item: dict, answer: str) -> float:
    for word, digit in zip('zero one two three four five six seven eight nine ten'.split(), range(11)):
        answer = re.sub(rf'\b{word}\b', str(digit), answer)
    found = NUMBER.findall(answer)
    if not found:
        return -1.0
    try:
        value = Fraction(found[-1].replace(",", ""))
    except ZeroDivisionError:
        return -1.0
    return 1.0 if value == Fraction(item["A"]) else -1.0
