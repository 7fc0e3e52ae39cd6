"""White space between the blocks has no longest length."""
import re

TAGS = ("<think>", "</think>", "<answer>", "</answer>")


def reward_format(answer: str) -> float:
    if any(answer.count(tag) != 1 for tag in TAGS):
        return -1.0
    return 1.25 if re.fullmatch(r"<think>.*</think>\s{0,20}<answer>.*</answer>", answer, re.DOTALL) else -1.0
