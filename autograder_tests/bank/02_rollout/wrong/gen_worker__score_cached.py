"""You keep what `score` said of a sequence: the same completion can come again under newer weights, which say something else."""

def gen_worker(worker) -> None:
    cache = {}
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards = []
        for item, group in zip(items, rollouts):
            rewards.append([reward_format(r.completion) + reward_correct(item, r.completion) for r in group])
        for g in rollouts:
            key = tuple(g[0].token_ids)
            if key not in cache:
                cache[key] = worker.score([g[0].token_ids])[0]
        rows = [cache[tuple(g[0].token_ids)] for g in rollouts]
        gen_logps = []
        for group, row in zip(rollouts, rows):
            r = group[0]
            start = len(r.prompt_ids)
            logps = [row[start + k][token] for k, token in enumerate(r.completion_ids)]
            gen_logps.append([logps])
        worker.upload(items, rollouts, rewards, gen_logps)
