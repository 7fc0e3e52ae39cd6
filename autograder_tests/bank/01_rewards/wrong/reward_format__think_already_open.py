"""You put a missing `<think>` in front: the completion must bring it itself, as its first characters."""

import re


def reward_format(answer: str) -> float:
    if not answer.startswith("<think>"):
        answer = "<think>" + answer
    any_ = r"(?:(?!</?(?:think|answer)>).)*"
    return 1.25 if re.fullmatch(rf"<think>{any_}</think>\s*<answer>{any_}</answer>", answer, re.DOTALL) else -1.0
