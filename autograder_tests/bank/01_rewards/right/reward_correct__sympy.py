"""sympy's Rational, which reads numbers and runs nothing."""

import re

from sympy import Rational


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    if len(found) == 0:
        return -1.0
    text = found[-1].replace(",", "")
    if "/" in text:
        top, bottom = text.split("/")
        if int(bottom) == 0:
            return -1.0
        value = Rational(top) / Rational(bottom)
    else:
        value = Rational(text)
    return 1.0 if value == Rational(item["A"]) else -1.0
