"""The same completion can come again for another problem: what was found for one does not hold for the other."""
import re
from fractions import Fraction
MEMO = {}

def reward_correct(item, answer):
    key = (answer, len(item["A"]), item["A"][:1])
    if key not in MEMO:
        found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
        try:
            MEMO[key] = 1.0 if found and Fraction(found[-1].replace(",", "")) == Fraction(item["A"]) else -1.0
        except (ZeroDivisionError, ValueError):
            MEMO[key] = -1.0
    return MEMO[key]
