"""Text after `</answer>` passes: `re.match` compares the beginning only; the match must reach the end of the completion."""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    found = re.match(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL)
    return 1.25 if one_of_each and found else -1.0
