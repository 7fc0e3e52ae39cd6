"""`float("3/4")` raises: use `fractions.Fraction`, which reads fractions and decimals, and compares exactly."""
import re


def reward_correct(item, answer):
    found = re.findall(r"-?\d+(?:\.\d+)?", answer)
    return 1.0 if found and float(found[-1]) == float(item["A"]) else -1.0
