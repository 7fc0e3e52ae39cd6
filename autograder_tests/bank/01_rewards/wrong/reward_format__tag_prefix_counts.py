"""You count `<think` without its bracket: `<thinking>` is another tag, and may stand inside."""

import re


def reward_format(answer: str) -> float:
    starts = [answer.count(t) for t in ("<think", "</think", "<answer", "</answer")]
    if starts != [1, 1, 1, 1]:
        return -1.0
    return 1.25 if re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL) else -1.0
