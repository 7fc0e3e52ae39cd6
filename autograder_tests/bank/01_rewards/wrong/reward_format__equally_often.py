"""Each of the four tags occurs exactly once, not only as often as the others."""
import re


def reward_format(answer: str) -> float:
    tags = ("<think>", "</think>", "<answer>", "</answer>")
    once = len({answer.count(tag) for tag in tags}) == 1
    shape = re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL)
    return 1.25 if once and shape else -1.0
