"""You normalise before you add: normalise the sum of the two rewards."""

import torch


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        formats = torch.tensor([[reward_format(r.completion) for r in group] for group in rollouts])
        corrects = torch.tensor([[reward_correct(item, r.completion) for r in g] for item, g in zip(items, rollouts)])
        advantages = formats + normalize_group_rewards(corrects)
        gen_logps = [[r.logps for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
