"""`<answer id="1">` is none of the four tags: inside a block it may stand like any other text."""
import re

BLOCKS = re.compile(r"<think>(.*)</think>(\s*)<answer>(.*)</answer>", re.DOTALL)


def reward_format(answer: str) -> float:
    text = answer
    match = BLOCKS.fullmatch(text)
    once = all(text.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    if match and once and len(re.findall(r"</?(?:think|answer)\b[^>]*>", text)) == 4:
        return 1.25
    return -1.0
