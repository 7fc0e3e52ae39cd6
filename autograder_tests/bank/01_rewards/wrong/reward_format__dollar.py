"""A line break after `</answer>` passes: `$` also matches before a last line break; `re.fullmatch` or `\\Z` does not."""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    in_order = re.match(r"^<think>.*</think>\s*<answer>.*</answer>$", answer, re.DOTALL)
    return 1.25 if one_of_each and in_order else -1.0
