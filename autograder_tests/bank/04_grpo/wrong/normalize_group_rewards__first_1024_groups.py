"""You normalise the first groups only: there may be any number of them."""

import torch


def normalize_group_rewards(rewards):
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    rows = rewards.reshape(-1, rewards.shape[-1])
    result = torch.zeros_like(rows)
    for i in range(min(1024, len(rows))):
        result[i] = (rows[i] - rows[i].mean()) / (rows[i].std() + 1e-4)
    return result.reshape(rewards.shape)
