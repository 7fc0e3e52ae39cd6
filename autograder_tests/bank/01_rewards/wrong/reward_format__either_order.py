"""You accept the blocks in either order: the think block must come first."""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    think, say = r"<think>.*</think>", r"<answer>.*</answer>"
    found = re.fullmatch(rf"{think}\s*{say}|{say}\s*{think}", answer, re.DOTALL)
    return 1.25 if one_of_each and found else -1.0
