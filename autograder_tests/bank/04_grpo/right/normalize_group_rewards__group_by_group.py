"""One group after the other, with the statistics module; lists inside."""

import statistics

import torch


def one_group(group):
    if len(group) < 2 or len(set(group)) == 1:
        return [0.0] * len(group)
    mean, std = statistics.fmean(group), statistics.stdev(group)
    return [(reward - mean) / (std + 1e-4) for reward in group]


def normalize_group_rewards(rewards):
    groups = rewards.reshape(-1, rewards.shape[-1]).tolist()
    return torch.tensor([one_group(group) for group in groups]).reshape(rewards.shape)
