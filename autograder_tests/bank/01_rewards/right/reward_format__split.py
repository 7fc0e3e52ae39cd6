"""Splits at the tags and looks at what is left; a helper, and a print."""

import re


def pieces(text):
    return re.split(r"(</?(?:think|answer)>)", text)


def reward_format(answer):
    parts = pieces(answer)
    print(len(parts), "parts")
    if parts[1::2] != ["<think>", "</think>", "<answer>", "</answer>"]:
        return float(-1)
    before, _, between, _, after = parts[0::2]
    return 5 / 4 if before == "" and after == "" and not between.strip() else float(-1)
