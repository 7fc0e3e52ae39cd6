"""You remember correctness by the text alone: the same text can be right for one problem and wrong for another."""

import torch


def gen_worker(worker):
    known = {}
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rewards = [
            [reward_format(r.completion) + known.setdefault(r.completion, reward_correct(item, r.completion)) for r in group]
            for item, group in zip(items, rollouts)
        ]
        worker.upload(
            items, rollouts, normalize_group_rewards(torch.tensor(rewards)), [[r.logps for r in group] for group in rollouts]
        )
