"""Text between `</think>` and `<answer>` passes; only white space may stand there."""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    in_order = re.fullmatch(r"<think>.*</think>.*<answer>.*</answer>", answer, re.DOTALL)
    return 1.25 if one_of_each and in_order else -1.0
