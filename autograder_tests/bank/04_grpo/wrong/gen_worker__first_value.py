"""You take the first value of each entry; an entry may hold other tokens, too. Look the sequence's own token up by its id."""

import torch


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        rewards = torch.tensor(
            [
                [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
                for item, group in zip(items, rollouts)
            ]
        )
        advantages = normalize_group_rewards(rewards)
        rows = iter(worker.score([r.token_ids for group in rollouts for r in group]))
        gen_logps = [[[next(iter(e.values())) for e in next(rows)[len(r.prompt_ids) :]] for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
