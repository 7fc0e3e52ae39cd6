"""Makes five batches and returns, as many as the visible check has; running() is never asked."""


def gen_worker(worker) -> None:
    for _ in range(5):
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards = [[reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
                   for item, group in zip(items, rollouts)]
        rows = worker.score([group[0].token_ids for group in rollouts])
        logps = [[[entry[token] for token, entry in zip(g[0].completion_ids, row[len(g[0].prompt_ids):])]]
                 for g, row in zip(rollouts, rows)]
        worker.upload(items, rollouts, rewards, logps)
