"""You update the policy between sampling and re-scoring: `gen_logps` are those of the policy that sampled."""

import torch


def gen_worker(worker):
    worker.update_policy()
    while worker.running():
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        worker.update_policy()
        rewards = torch.tensor(
            [
                [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
                for item, group in zip(items, rollouts)
            ]
        )
        gen_logps = []
        for group in rollouts:
            scores = worker.score([r.token_ids for r in group])
            gen_logps.append([[e[t] for e, t in zip(s[len(r.prompt_ids) :], r.completion_ids)] for r, s in zip(group, scores)])
        worker.upload(items, rollouts, normalize_group_rewards(rewards), gen_logps)
