"""You return a numpy array: the advantages are a tensor, as the rewards were."""

import torch


def normalize_group_rewards(rewards: torch.Tensor) -> torch.Tensor:
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    mean = rewards.mean(dim=-1, keepdim=True)
    std = rewards.std(dim=-1, keepdim=True)
    return ((rewards - mean) / (std + 1e-4)).numpy()
