"""Your function makes one batch and returns: it must loop while `worker.running()` says True."""

import torch


def gen_worker(worker):
    if worker.running():
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
        gen_logps = [[r.logps for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
