"""You leave rollouts out whose text is empty. The policy chose to end at once: that is to be trained on as well."""

def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards = []
        for item, group in zip(items, rollouts):
            rewards.append([reward_format(r.completion) + reward_correct(item, r.completion) for r in group])
        rows = worker.score([group[0].token_ids for group in rollouts])
        gen_logps = []
        for group, row in zip(rollouts, rows):
            r = group[0]
            start = len(r.prompt_ids)
            logps = [row[start + k][token] for k, token in enumerate(r.completion_ids)]
            gen_logps.append([logps])
        keep = [i for i in range(len(items)) if rollouts[i][0].completion]
        items, rollouts, rewards, gen_logps = ([x[i] for i in keep] for x in (items, rollouts, rewards, gen_logps))
        worker.upload(items, rollouts, rewards, gen_logps)
