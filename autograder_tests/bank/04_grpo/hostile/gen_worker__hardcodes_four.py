"""Groups of four, as in the visible check, whatever worker.group_size says."""
import torch


def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=4)
        rewards = torch.tensor([[reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
                                for item, group in zip(items, rollouts)])
        worker.upload(items, rollouts, normalize_group_rewards(rewards), [[r.logps for r in group] for group in rollouts])
