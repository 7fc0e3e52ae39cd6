"""Each call stands alone: a completion that came before has the format still."""
import re

seen = set()


def reward_format(answer: str) -> float:
    if answer in seen:
        return -1.0
    seen.add(answer)
    once = all(answer.count(t) == 1 for t in ("<think>", "</think>", "<answer>", "</answer>"))
    return 1.25 if once and re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL) else -1.0
