"""You subtract the median; asked for is the mean."""

import torch


def normalize_group_rewards(rewards):
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    mean = rewards.median(dim=-1, keepdim=True).values
    std = rewards.std(dim=-1, keepdim=True)
    return (rewards - mean) / (std + 1e-4)
