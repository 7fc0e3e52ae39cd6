"""You pay for single tags; it is 1.25 for the whole format, and −1.0 for everything else."""


def reward_format(answer):
    return sum(0.5625 for tag in ("<think>", "</think>", "<answer>", "</answer>") if answer.count(tag) == 1) - 1.0
