"""Advantages come from worker.normalize_group_rewards, which a real worker does not have."""
import torch


def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rewards = torch.tensor([[worker.reward_format(r.completion) + worker.reward_correct(item, r.completion) for r in group]
                                for item, group in zip(items, rollouts)])
        worker.upload(items, rollouts, worker.normalize_group_rewards(rewards), [[r.logps for r in group] for group in rollouts])
