"""You refuse blocks that hold white space alone: "anything" may be that, too."""

import re


def reward_format(answer: str) -> float:
    any_ = r"((?:(?!</?(?:think|answer)>).)*)"
    m = re.fullmatch(rf"<think>{any_}</think>\s*<answer>{any_}</answer>", answer, re.DOTALL)
    if m is None:
        return -1.0
    thought, final = m.groups()
    if (thought and not thought.strip()) or (final and not final.strip()):
        return -1.0
    return 1.25
