"""You leave a batch out whose advantages are all 0: its KL penalty is to be trained on, and each turn has one upload."""

import torch

def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rewards = []
        for item, group in zip(items, rollouts):
            rewards.append([reward_format(r.completion) + reward_correct(item, r.completion) for r in group])
        advantages = normalize_group_rewards(torch.tensor(rewards))
        gen_logps = [[r.logps for r in group] for group in rollouts]
        if (advantages != 0).any():
            worker.upload(items, rollouts, advantages, gen_logps)
