"""A `\\r` behind the last tag is white space behind it, and not allowed."""
import re

TAGS = ("<think>", "</think>", "<answer>", "</answer>")


def reward_format(answer: str) -> float:
    answer = answer.replace('\r', '')
    if any(answer.count(tag) != 1 for tag in TAGS):
        return -1.0
    if re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL):
        return 1.25
    return -1.0
