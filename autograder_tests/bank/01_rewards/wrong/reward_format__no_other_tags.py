"""You refuse any tag inside a block: only the four tags themselves may not occur there, `<b>` may."""

import re


def reward_format(answer: str) -> float:
    any_ = r"(?:(?!</?\w+>).)*"
    return 1.25 if re.fullmatch(rf"<think>{any_}</think>\s*<answer>{any_}</answer>", answer, re.DOTALL) else -1.0
