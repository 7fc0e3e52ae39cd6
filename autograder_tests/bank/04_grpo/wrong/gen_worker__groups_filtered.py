"""You upload only groups with variance: a batch holds all its problems; equal rewards give advantages of 0 by themselves."""

import torch


def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rewards = []
        for item, group in zip(items, rollouts):
            rewards.append([reward_format(r.completion) + reward_correct(item, r.completion) for r in group])
        advantages = normalize_group_rewards(torch.tensor(rewards, dtype=torch.float32))
        gen_logps = [[r.logps for r in group] for group in rollouts]
        keep = [i for i, row in enumerate(rewards) if len(set(row)) > 1]
        items, rollouts, gen_logps = [items[i] for i in keep], [rollouts[i] for i in keep], [gen_logps[i] for i in keep]
        advantages = advantages[keep]
        worker.upload(items, rollouts, advantages, gen_logps)
