"""You take a Markdown fence away first. Nothing may stand before `<think>` or after `</answer>`, not even three backticks."""

import re

def reward_format(answer: str) -> float:
    answer = re.sub(r'^```\n|\n```$', '', answer)
    tags = ("<think>", "</think>", "<answer>", "</answer>")
    once = all(answer.count(tag) == 1 for tag in tags)
    match = re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL)
    return 1.25 if once and match else -1.0
