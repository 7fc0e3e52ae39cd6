"""Your gen_logps lack a level: `gen_logps[i][j]` is the list of rollout j of problem i, one number for each completion token."""

import torch


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rewards = torch.tensor(
            [
                [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
                for item, group in zip(items, rollouts)
            ]
        )
        advantages = normalize_group_rewards(rewards)
        gen_logps = [r.logps for group in rollouts for r in group]
        worker.upload(items, rollouts, advantages, gen_logps)
