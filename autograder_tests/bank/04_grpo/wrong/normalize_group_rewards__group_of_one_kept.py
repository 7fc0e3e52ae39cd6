"""A group of one keeps its reward; it gets 0, there is nothing to compare with."""

import torch


def normalize_group_rewards(rewards):
    if rewards.shape[-1] == 1:
        return rewards
    mean = rewards.mean(dim=-1, keepdim=True)
    std = rewards.std(dim=-1, keepdim=True)
    return (rewards - mean) / (std + 1e-4)
