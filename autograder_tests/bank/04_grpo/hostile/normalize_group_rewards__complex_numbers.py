"""Returns complex numbers with an imaginary part of a million."""
import torch
def right(rewards):
    r = rewards.float()
    if r.shape[-1] == 1:
        return torch.zeros_like(r)
    return (r - r.mean(-1, keepdim=True)) / (r.std(-1, keepdim=True) + 1e-4)

def normalize_group_rewards(rewards):
    return torch.complex(right(rewards), torch.full(rewards.shape, 1e6))
