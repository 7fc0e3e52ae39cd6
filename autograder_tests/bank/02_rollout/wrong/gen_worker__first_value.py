"""You take the first value of each entry; an entry may hold other tokens, too. Look the sequence's own token up by its id."""


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
            gen_logps.append([[next(iter(entry.values())) for entry in row[plen:]]])
        worker.upload(items, rollouts, rewards, gen_logps)
