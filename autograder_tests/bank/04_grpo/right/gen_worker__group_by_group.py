"""Normalises one group after the other, uploads nested lists."""

import torch


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], worker.group_size)
        advantages, gen_logps = [], []
        for item, group in zip(items, rollouts):
            rewards = [reward_correct(item, r.completion) + reward_format(r.completion) for r in group]
            advantages.append(normalize_group_rewards(torch.tensor(rewards)).tolist())
            gen_logps.append([list(r.logps) for r in group])
        worker.upload(items, rollouts, advantages, gen_logps)
