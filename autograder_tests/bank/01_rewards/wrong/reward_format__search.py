"""Text before or after the blocks passes: `re.search` finds the pattern anywhere, and the whole completion must match."""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    found = re.search(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL)
    return 1.25 if one_of_each and found else -1.0
