"""Blocks in the wrong order, or with text around them, pass: that the tags occur says nothing about where they stand."""


def reward_format(answer):
    return 1.25 if all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>")) else -1.0
