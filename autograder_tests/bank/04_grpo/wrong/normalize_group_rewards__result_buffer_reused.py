"""You return the same tensor each time: the result of an earlier call changes with the next one."""

import torch

_buffers = {}


def normalize_group_rewards(rewards):
    out = _buffers.setdefault((rewards.shape, rewards.dtype), torch.zeros_like(rewards))
    out.zero_()
    if rewards.shape[-1] > 1:
        out += (rewards - rewards.mean(-1, keepdim=True)) / (rewards.std(-1, keepdim=True) + 1e-4)
    return out
