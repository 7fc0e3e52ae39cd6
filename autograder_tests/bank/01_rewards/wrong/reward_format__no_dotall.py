"""A completion of several lines never matches: without `re.DOTALL`, `.` stops at a line break."""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    return 1.25 if one_of_each and re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer) else -1.0
