"""White space between the two blocks is allowed, any amount of it, and you refuse it."""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    in_order = re.fullmatch(r"<think>.*</think>\n?<answer>.*</answer>", answer, re.DOTALL)
    return 1.25 if one_of_each and in_order else -1.0
