"""Your gen_logps hold the dictionaries of `score`: `row[k]` is `{token id: log-prob}`, and `row[k][token]` the number."""


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
            gen_logps.append([[row[plen + t] for t, token in enumerate(r.completion_ids)]])
        worker.upload(items, rollouts, rewards, gen_logps)
