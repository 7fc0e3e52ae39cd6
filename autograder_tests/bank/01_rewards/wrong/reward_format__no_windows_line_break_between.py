"""Between the blocks you allow `\\n` but not `\\r\\n`: that is white space as well, `\\s` knows it."""

import re


def reward_format(answer: str) -> float:
    if any(answer.count(t) != 1 for t in ("<think>", "</think>", "<answer>", "</answer>")):
        return -1.0
    return 1.25 if re.fullmatch(r"<think>.*</think>[ \t\n]*<answer>.*</answer>", answer, re.DOTALL) else -1.0
