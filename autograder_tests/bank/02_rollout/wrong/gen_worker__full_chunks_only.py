"""The last part of a batch may be smaller than the others, and is scored, too."""

def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards = []
        for item, group in zip(items, rollouts):
            rewards.append([reward_format(r.completion) + reward_correct(item, r.completion) for r in group])
        rows = []
        sequences = [group[0].token_ids for group in rollouts]
        for i in range(len(sequences) // 4 or 1):
            rows += worker.score(sequences[4 * i : 4 * i + 4])
        gen_logps = []
        for group, row in zip(rollouts, rows):
            rollout = group[0]
            plen = len(rollout.prompt_ids)
            logps = [row[plen + k][token] for k, token in enumerate(rollout.completion_ids)]
            gen_logps.append([logps])
        worker.upload(items, rollouts, rewards, gen_logps)
