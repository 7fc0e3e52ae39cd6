"""`double()` does not copy what is float64 already: after it you change the input in place."""

import torch


def normalize_group_rewards(rewards):
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    r = rewards.double()
    std = r.std(-1, keepdim=True)
    r -= r.mean(-1, keepdim=True)
    return (r / (std + 1e-4)).to(rewards.dtype)
