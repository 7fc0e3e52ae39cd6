"""Reference solution of notebook 01: the two rewards."""

import re
from fractions import Fraction

FORMAT = re.compile(r"<think>.*?</think>\s*<answer>.*?</answer>", re.DOTALL)
TAGS = ("<think>", "</think>", "<answer>", "</answer>")
# A sign counts where no word or number stands right before it: "5-3" ends in 3, "= -3" in -3.
NUMBER = re.compile(r"(?:(?<![\w.)])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?")


def reward_format(answer: str) -> float:
    one_of_each = all(answer.count(tag) == 1 for tag in TAGS)
    return 1.25 if one_of_each and FORMAT.fullmatch(answer) else -1.0


def to_number(text: str) -> Fraction | None:
    numerator, _, denominator = text.replace(",", "").partition("/")
    if not denominator:
        return Fraction(numerator)
    return Fraction(numerator) / int(denominator) if int(denominator) else None


def reward_correct(item: dict, answer: str) -> float:
    found = NUMBER.findall(answer)
    if not found:
        return -1.0
    return 1.0 if to_number(found[-1]) == to_number(item["A"].strip()) else -1.0
