"""You keep rewards by question: where a problem comes twice in a batch, one group gets the other's."""

import torch


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        by_question = {}
        for item, group in zip(items, rollouts):
            by_question[item["Q"]] = [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
        rewards = torch.tensor([by_question[item["Q"]] for item in items])
        worker.upload(items, rollouts, normalize_group_rewards(rewards), [[r.logps for r in group] for group in rollouts])
