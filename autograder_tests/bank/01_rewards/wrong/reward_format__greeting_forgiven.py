"""You forgive a short line before `<think>`: nothing may stand there."""

import re

def reward_format(answer: str) -> float:
    return 1.25 if all(answer.count(t) == 1 for t in ("<think>", "</think>", "<answer>", "</answer>")) and re.fullmatch(r"(?:[A-Za-z: ]{1,20}\n)?<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL) else -1.0
