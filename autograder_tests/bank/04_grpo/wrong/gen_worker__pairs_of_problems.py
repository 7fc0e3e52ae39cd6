"""You count on groups of eight: a group is one problem's rollouts, `worker.group_size` of them."""

import torch


def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rewards = []
        for item, group in zip(items, rollouts):
            rewards.append([reward_format(r.completion) + reward_correct(item, r.completion) for r in group])
        raw = torch.tensor(rewards, dtype=torch.float32)
        width = 8 if raw.reshape(-1).shape[0] % 8 == 0 else raw.shape[-1]
        advantages = normalize_group_rewards(raw.reshape(-1, width)).reshape(raw.shape)
        gen_logps = [[r.logps for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
