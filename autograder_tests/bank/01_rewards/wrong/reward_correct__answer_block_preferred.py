"""The final number of the whole text counts, wherever it stands: you prefer the answer block, though a number follows behind it."""

import re
from fractions import Fraction

NUMBER = re.compile(r"(?:(?<!\d)[-+])?(?:\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)")

def reward_correct(item: dict, answer: str) -> float:
    block = re.search(r"<answer>(.*?)</answer>", answer, re.DOTALL)
    found = (NUMBER.findall(block.group(1)) if block else []) or NUMBER.findall(answer)
    if not found:
        return -1.0
    try:
        return 1.0 if Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
