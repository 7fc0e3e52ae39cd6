"""Rewards as a tensor of shape (problems, 1), keywords, prints, the whole row cut from the back."""

import torch


def gen_worker(worker):
    turn = 0
    while worker.running():
        turn += 1
        version = worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate(prompts=[item["Q"] for item in items], n=1)
        flat = [group[0] for group in rollouts]
        rows = worker.score(token_ids=[r.token_ids for r in flat])
        gen_logps = []
        for r, row in zip(flat, rows):
            tail = row[-len(r.completion_ids) :]
            gen_logps.append([[tail[t][r.completion_ids[t]] for t in range(len(tail))]])
        rewards = torch.zeros(len(items), 1)
        for i, (item, r) in enumerate(zip(items, flat)):
            rewards[i, 0] = reward_correct(item, r.completion) + reward_format(r.completion)
        print(turn, version, rewards.mean().item())
        worker.upload(items=items, rollouts=rollouts, rewards=rewards, gen_logps=gen_logps)
