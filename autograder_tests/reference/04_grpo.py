"""Reference solution of notebook 04: group-normalised rewards, and several rollouts per prompt."""

import torch


def normalize_group_rewards(rewards):
    rewards = torch.as_tensor(rewards, dtype=torch.float32)
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    mean = rewards.mean(-1, keepdim=True)
    std = rewards.std(-1, keepdim=True)
    return (rewards - mean) / (std + 1e-4)


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)

        rewards = [
            [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
            for item, group in zip(items, rollouts, strict=True)
        ]
        advantages = normalize_group_rewards(torch.tensor(rewards))
        # As notebook 02 showed, re-scoring gives what sampling gave, at temperature 1: it need not be paid for twice.
        gen_logps = [[r.logps for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
