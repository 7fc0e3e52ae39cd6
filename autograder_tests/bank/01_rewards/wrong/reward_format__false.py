"""You return False where −1.0 is due: a reward is a number, 1.25 or −1.0."""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    in_order = re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL)
    return one_of_each and bool(in_order) and 1.25
