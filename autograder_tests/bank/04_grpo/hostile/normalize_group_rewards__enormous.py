"""Answers with more than fits anywhere."""
import torch


def normalize_group_rewards(rewards):
    return torch.zeros(1, 1, 1).expand(3000, 3000, 30)
