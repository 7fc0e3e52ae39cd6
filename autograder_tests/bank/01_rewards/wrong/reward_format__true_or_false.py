"""You return True or False; a reward is a number, 1.25 or −1.0."""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    return one_of_each and bool(re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL))
