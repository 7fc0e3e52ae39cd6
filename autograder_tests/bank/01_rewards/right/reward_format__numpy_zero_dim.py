"""Decides with finditer spans, and returns a 0-dim numpy array."""
import numpy as np
import re

def reward_format(answer: str) -> float:
    """Tags in order, at the very ends, blanks between."""
    found = [(m.group(), m.start(), m.end()) for m in re.finditer("<think>|</think>|<answer>|</answer>", answer)]
    names = [name for name, _, _ in found]
    if names != ["<think>", "</think>", "<answer>", "</answer>"]:
        return np.array(-1.0)
    good = found[0][1] == 0 and found[3][2] == len(answer) and not answer[found[1][2]:found[2][1]].split()
    return np.where(good, 1.25, -1.0)[()]
