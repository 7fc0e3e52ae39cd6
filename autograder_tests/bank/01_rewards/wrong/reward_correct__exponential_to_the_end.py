"""Your pattern repeats a repetition, as in `(\\d+,?)+`: on a long number it tries every way to split it, and never ends."""
import re
from fractions import Fraction
def reward_correct(item, answer):
    m = re.search(r"((?:(?<!\d)[-+])?(?:\d+/\d+|(?:\d+,?)+(?:\.\d+)?|\.\d+))[^\d]*$", answer)
    if m is None:
        return -1.0
    try:
        return 1.0 if Fraction(m.group(1).replace(",", "")) == Fraction(item["A"]) else -1.0
    except ZeroDivisionError:
        return -1.0
