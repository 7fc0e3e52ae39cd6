"""Re-scores, as in notebook 02: slower, and not wrong."""

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
        rows = iter(worker.score([r.token_ids for group in rollouts for r in group]))
        gen_logps = [
            [[e[t] for e, t in zip(next(rows)[len(r.prompt_ids) :], r.completion_ids)] for r in group] for group in rollouts
        ]
        worker.upload(items, rollouts, advantages, gen_logps)
