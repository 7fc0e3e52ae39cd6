"""Your gen_logps begin one position too early: entry `plen - 1` belongs to the last prompt token; a completion begins at `plen`."""

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
            [[e[t] for e, t in zip(next(rows)[len(r.prompt_ids) - 1 :], r.token_ids[len(r.prompt_ids) - 1 :])] for r in group]
            for group in rollouts
        ]
        worker.upload(items, rollouts, advantages, gen_logps)
