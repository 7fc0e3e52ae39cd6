"""You take the first rollout of a group again and again; all of them are different, and each has its own reward."""

import torch


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rollouts = [[group[0]] * len(group) for group in rollouts]
        rewards = torch.tensor(
            [
                [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
                for item, group in zip(items, rollouts)
            ]
        )
        advantages = normalize_group_rewards(rewards)
        gen_logps = [[r.logps for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
