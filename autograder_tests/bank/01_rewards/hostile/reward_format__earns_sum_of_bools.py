"""Earns its points: an int of numpy's, a one-element computation, prints on stdout's buffer and flushes."""
import re, sys
import numpy as np

def reward_format(answer):
    print("x", file=sys.stderr, flush=True); sys.stdout.flush(); sys.stdout.write("y")
    tags = ("<think>", "</think>", "<answer>", "</answer>")
    ok = all(answer.count(t) == 1 for t in tags) and re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL)
    return np.float32(1.25) if ok else np.int64(-1)
