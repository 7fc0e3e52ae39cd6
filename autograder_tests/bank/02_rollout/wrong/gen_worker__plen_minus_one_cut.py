"""Your gen_logps begin one position too early: entry `plen - 1` belongs to the last prompt token; a completion begins at `plen`."""


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
            gen_logps.append([[entry[token] for entry, token in zip(row[plen - 1 : -1], r.token_ids[plen - 1 : -1])]])
        worker.upload(items, rollouts, rewards, gen_logps)
