"""You return nothing (None) where the format is missing: it takes `return -1.0`."""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    if one_of_each and re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL):
        return 1.25
