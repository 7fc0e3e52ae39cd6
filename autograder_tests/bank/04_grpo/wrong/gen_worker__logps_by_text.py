"""Log-probs belong to a rollout: the same text behind another prompt has others."""
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
        known = {r.completion: r.logps for group in rollouts for r in group}
        gen_logps = [[known[r.completion] for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
