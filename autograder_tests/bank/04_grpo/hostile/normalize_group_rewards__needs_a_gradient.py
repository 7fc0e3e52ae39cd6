"""Its result hangs on a parameter of its own: a loss would train that."""
import torch
def right(rewards):
    r = rewards.float()
    if r.shape[-1] == 1:
        return torch.zeros_like(r)
    return (r - r.mean(-1, keepdim=True)) / (r.std(-1, keepdim=True) + 1e-4)

P = torch.nn.Parameter(torch.ones(()))
def normalize_group_rewards(rewards):
    return right(rewards) * P
