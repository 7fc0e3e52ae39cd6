"""You take marks such as `<|im_end|>` out first. Nothing may stand before, between or after the blocks."""

import re

def reward_format(answer: str) -> float:
    answer = re.sub(r'<\|.*?\|>', '', answer)
    tags = ("<think>", "</think>", "<answer>", "</answer>")
    once = all(answer.count(tag) == 1 for tag in tags)
    match = re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL)
    return 1.25 if once and match else -1.0
