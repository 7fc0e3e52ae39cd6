"""An endless loop with a break; dictionaries in between."""


def gen_worker(worker):
    while True:
        if not worker.running():
            break
        worker.update_policy()
        items = worker.sample_problems()
        batch = []
        rollouts = worker.generate([i["Q"] for i in items])
        scored = worker.score([g[0].token_ids for g in rollouts])
        for item, group, row in zip(items, rollouts, scored):
            rollout = group[0]
            logps = []
            for position in range(len(rollout.prompt_ids), len(rollout.token_ids)):
                logps.append(row[position][rollout.token_ids[position]])
            total = reward_format(rollout.completion)
            total += reward_correct(item, rollout.completion)
            batch.append({"reward": [total], "logps": [logps]})
        worker.upload(items, rollouts, [b["reward"] for b in batch], [b["logps"] for b in batch])
