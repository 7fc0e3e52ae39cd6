"""Counts the tags, then one regular expression."""

import re

TAGS = ("<think>", "</think>", "<answer>", "</answer>")


def reward_format(answer: str) -> float:
    """Format reward."""
    if any(answer.count(tag) != 1 for tag in TAGS):
        return -1.0
    return 1.25 if re.match(r"\A<think>[\s\S]*</think>\s*<answer>[\s\S]*</answer>\Z", answer) else -1
