"""`&lt;answer&gt;` is no tag, but text like any other."""
import html
import re


def reward_format(answer: str) -> float:
    tags = ("<think>", "</think>", "<answer>", "</answer>")
    once = all(html.unescape(answer).count(tag) == 1 for tag in tags)
    shape = re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL)
    return 1.25 if once and shape else -1.0
