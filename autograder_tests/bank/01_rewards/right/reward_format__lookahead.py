"""One regular expression with negative lookaheads, compiled outside."""

import re

INSIDE = r"(?:(?!</?think>|</?answer>).)*"
FORMAT = re.compile(rf"<think>{INSIDE}</think>\s*<answer>{INSIDE}</answer>", re.S)


def reward_format(answer: str) -> float:
    return 1.25 if FORMAT.fullmatch(answer) is not None else -1.0
