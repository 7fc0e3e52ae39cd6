"""You repeat the prompts yourself; `generate(prompts, n)` draws n rollouts for each question, as one group."""

import torch


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items for _ in range(worker.group_size)], n=1)
        rewards = torch.tensor(
            [
                [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
                for item, group in zip([item for item in items for _ in range(worker.group_size)], rollouts)
            ]
        )
        advantages = normalize_group_rewards(rewards)
        gen_logps = [[r.logps for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
