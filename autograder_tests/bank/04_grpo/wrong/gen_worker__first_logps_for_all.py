"""You give all of a group the log-probs of its first rollout; completions differ, in length, too."""

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
        gen_logps = [[group[0].logps for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
