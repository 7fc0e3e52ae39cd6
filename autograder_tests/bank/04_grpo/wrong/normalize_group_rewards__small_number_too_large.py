"""The small number beside the std is another one: it is 1e-4."""

import torch


def normalize_group_rewards(rewards):
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    mean = rewards.mean(dim=-1, keepdim=True)
    std = rewards.std(dim=-1, keepdim=True)
    return (rewards - mean) / (std + 1e-2)
