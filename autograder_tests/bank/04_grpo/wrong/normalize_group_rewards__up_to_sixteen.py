"""Groups may have any size: a large one is normalised like the others."""
import torch
def right(rewards):
    r = rewards.float()
    if r.shape[-1] == 1:
        return torch.zeros_like(r)
    return (r - r.mean(-1, keepdim=True)) / (r.std(-1, keepdim=True) + 1e-4)

def normalize_group_rewards(rewards):
    return right(rewards) if rewards.shape[-1] <= 16 and rewards.ndim <= 3 else rewards
