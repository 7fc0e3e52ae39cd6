"""`squeeze` drops the dimension of problems, too, where a batch has only one: rewards are (problems, group size)."""

import torch


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rewards = torch.tensor(
            [
                [[reward_format(r.completion) + reward_correct(item, r.completion) for r in group]]
                for item, group in zip(items, rollouts)
            ]
        )
        worker.upload(
            items, rollouts, normalize_group_rewards(rewards).squeeze(), [[r.logps for r in group] for group in rollouts]
        )
