"""One row of log-probs for each rollout, also where two rollouts have the same tokens."""

def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards = []
        for item, group in zip(items, rollouts):
            rewards.append([reward_format(r.completion) + reward_correct(item, r.completion) for r in group])
        rows = worker.score([list(t) for t in dict.fromkeys(tuple(group[0].token_ids) for group in rollouts)])
        gen_logps = []
        for group, row in zip(rollouts, rows):
            rollout = group[0]
            plen = len(rollout.prompt_ids)
            logps = [row[plen + k][token] for k, token in enumerate(rollout.completion_ids)]
            gen_logps.append([logps])
        worker.upload(items, rollouts, rewards, gen_logps)
