"""numpy inside."""

import numpy as np
import torch


def normalize_group_rewards(rewards):
    values = rewards.detach().cpu().numpy().astype(np.float64)
    if values.shape[-1] < 2:
        return torch.zeros(*values.shape)
    out = (values - values.mean(-1, keepdims=True)) / (values.std(-1, ddof=1, keepdims=True) + 1e-4)
    return torch.from_numpy(out)
