"""Earns its points: a dict that is filled by .update() on a line of its own."""
import re
P = {}
P.update(form=r"<think>.*</think>\s*<answer>.*</answer>", tags=("<think>", "</think>", "<answer>", "</answer>"))

def reward_format(answer):
    return 1.25 if all(answer.count(t) == 1 for t in P["tags"]) and re.fullmatch(P["form"], answer, re.DOTALL) else -1.0
