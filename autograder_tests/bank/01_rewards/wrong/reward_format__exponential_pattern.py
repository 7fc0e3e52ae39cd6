"""Your pattern's alternatives overlap, as in `(\\s|.)*`: where a long text does not match, it tries every way to read it, and never ends."""

import re

_BODY = r"(?:\s|.)*"


def reward_format(answer: str) -> float:
    if not re.fullmatch(rf"<think>{_BODY}</think>\s*<answer>{_BODY}</answer>", answer, re.DOTALL):
        return -1.0
    return 1.25 if all(answer.count(t) == 1 for t in ("<think>", "</think>", "<answer>", "</answer>")) else -1.0
