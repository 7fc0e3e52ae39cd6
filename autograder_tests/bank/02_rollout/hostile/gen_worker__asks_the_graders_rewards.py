"""Rewards come from worker.reward_format and worker.reward_correct, which a real worker does not have."""


def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards = [[worker.reward_format(r.completion) + worker.reward_correct(item, r.completion) for r in group]
                   for item, group in zip(items, rollouts)]
        rows = worker.score([group[0].token_ids for group in rollouts])
        logps = [[[entry[token] for token, entry in zip(g[0].completion_ids, row[len(g[0].prompt_ids):])]]
                 for g, row in zip(rollouts, rows)]
        worker.upload(items, rollouts, rewards, logps)
