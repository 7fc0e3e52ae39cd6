"""`re.IGNORECASE` lets `<THINK>` pass: the tags count only in small letters."""

import re


def reward_format(answer: str) -> float:
    any_ = r"(?:(?!</?(?:think|answer)>).)*"
    pattern = rf"<think>{any_}</think>\s*<answer>{any_}</answer>"
    return 1.25 if re.fullmatch(pattern, answer, re.DOTALL | re.IGNORECASE) else -1.0
