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
        rescored = iter(worker.score([r.token_ids for group in rollouts for r in group]))
        gen_logps = [[completion_logps(next(rescored), r.token_ids, len(r.prompt_ids)) for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
