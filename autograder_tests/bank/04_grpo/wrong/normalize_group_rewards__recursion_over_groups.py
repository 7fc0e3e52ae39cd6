"""You call yourself once for each group: with many of them Python's stack is full. Take a loop, or the last dimension at once."""

import torch


def _rows(rows):
    if len(rows) == 0:
        return []
    return [(rows[0] - rows[0].mean()) / (rows[0].std() + 1e-4)] + _rows(rows[1:])


def normalize_group_rewards(rewards):
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    return torch.stack(_rows(rewards.reshape(-1, rewards.shape[-1]))).reshape(rewards.shape)
