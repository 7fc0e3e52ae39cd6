"""`<answer>3+4</answer>` ends in the number 4: nothing is to be worked out (and with `eval`, what a model wrote would run)."""

import re
from fractions import Fraction


def reward_correct(item: dict, answer: str) -> float:
    block = re.search(r"<answer>([-+*/. \d]+)</answer>", answer)
    numbers = re.findall(r"(?:(?<!\d)-)?(?:\d+/\d+|\d*\.\d+|\d+)", answer.replace(",", ""))
    try:
        if block and re.search(r"\d[-+*]\d", block[1]):
            return 1.0 if eval(block[1]) == Fraction(item["A"]) else -1.0
        return 1.0 if numbers and Fraction(numbers[-1]) == Fraction(item["A"]) else -1.0
    except (ValueError, ZeroDivisionError, SyntaxError):
        return -1.0
