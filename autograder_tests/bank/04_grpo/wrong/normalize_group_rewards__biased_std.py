"""Your std is the biased one, divided by G; asked for is the unbiased one, divided by G − 1."""

import torch


def normalize_group_rewards(rewards):
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    mean = rewards.mean(dim=-1, keepdim=True)
    std = rewards.std(dim=-1, keepdim=True, unbiased=False)
    return (rewards - mean) / (std + 1e-4)
