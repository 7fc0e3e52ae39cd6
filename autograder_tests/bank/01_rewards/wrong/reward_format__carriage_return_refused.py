"""A line break of Windows, `\\r\\n`, is as good as another: "anything" inside a block is that, too."""

import re


def reward_format(answer: str) -> float:
    if any(answer.count(t) != 1 for t in ("<think>", "</think>", "<answer>", "</answer>")):
        return -1.0
    return 1.25 if re.fullmatch(r"<think>[^\r]*</think>\s*<answer>[^\r]*</answer>", answer) else -1.0
