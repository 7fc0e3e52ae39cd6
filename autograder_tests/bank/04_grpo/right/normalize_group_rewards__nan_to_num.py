"""var and its root; what is no number becomes 0."""

import torch


def normalize_group_rewards(rewards: torch.Tensor) -> torch.Tensor:
    std = torch.sqrt(torch.var(rewards, dim=-1, correction=1, keepdim=True))
    return torch.nan_to_num((rewards - rewards.mean(-1, keepdim=True)) / (1e-4 + std))
