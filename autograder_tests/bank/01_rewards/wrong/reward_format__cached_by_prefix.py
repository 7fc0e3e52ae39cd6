"""You remember results by the beginning of the text: what follows it decides as well."""

import re

_seen = {}


def reward_format(answer: str) -> float:
    key = answer[:50]
    if key not in _seen:
        once = all(answer.count(t) == 1 for t in ("<think>", "</think>", "<answer>", "</answer>"))
        match = re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL)
        _seen[key] = 1.25 if once and match else -1.0
    return _seen[key]
