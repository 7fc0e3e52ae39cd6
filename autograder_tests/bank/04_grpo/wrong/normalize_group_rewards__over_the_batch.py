"""You take mean and std over the whole batch; each group, the last dimension, has its own."""

import torch


def normalize_group_rewards(rewards):
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    mean = rewards.mean()
    std = rewards.std()
    return (rewards - mean) / (std + 1e-4)
