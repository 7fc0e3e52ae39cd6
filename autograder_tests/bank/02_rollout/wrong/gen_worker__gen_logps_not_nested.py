"""Your gen_logps lack a level: `gen_logps[i][j]` is the list of rollout j of problem i, one number for each completion token."""


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards = [
            [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
            for item, group in zip(items, rollouts)
        ]
        rows = worker.score([group[0].token_ids for group in rollouts])
        gen_logps = []
        for [r], row in zip(rollouts, rows):
            plen = len(r.prompt_ids)
            gen_logps.append([[row[plen + t][token] for t, token in enumerate(r.completion_ids)]])
        worker.upload(items, rollouts, rewards, [one[0] for one in gen_logps])
