"""Tabs are white space, too: between the blocks you allow spaces and line breaks only."""

import re


def reward_format(answer: str) -> float:
    parts = re.split(r"(</?(?:think|answer)>)", answer)
    tags = ["<think>", "</think>", "<answer>", "</answer>"]
    ok = parts[1::2] == tags and not parts[0] and not parts[-1] and set(parts[4]) <= set(" \r\n")
    return 1.25 if ok else -1.0
