"""`(\\s+)*` can read many blanks in many ways, and tries them all: one repetition is enough."""
import re

TAGS = ("<think>", "</think>", "<answer>", "</answer>")


def reward_format(answer: str) -> float:
    if any(answer.count(tag) != 1 for tag in TAGS):
        return -1.0
    if re.fullmatch(r"<think>.*</think>(?:\s+)*<answer>.*</answer>", answer, re.DOTALL):
        return 1.25
    return -1.0
