"""You do not read decimals: of 1.7 only the 7 is left."""

import re


def reward_correct(item, answer):
    found = re.findall(r"-?\d+", answer)
    return 1.0 if found and found[-1] == item["A"] else -1.0
