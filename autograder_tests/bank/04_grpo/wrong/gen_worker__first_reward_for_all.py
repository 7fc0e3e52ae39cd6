"""You give all of a group the reward of its first rollout."""

import torch


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rewards = torch.tensor(
            [
                [reward_format(group[0].completion) + reward_correct(item, group[0].completion) for r in group]
                for item, group in zip(items, rollouts)
            ]
        )
        advantages = normalize_group_rewards(rewards)
        gen_logps = [[r.logps for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
