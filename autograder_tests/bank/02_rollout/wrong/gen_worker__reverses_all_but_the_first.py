"""From the second rollout on, the log-probs are uploaded in another order than their tokens: entry t belongs to completion token t."""


def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards = [[reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
                   for item, group in zip(items, rollouts)]
        rows = worker.score([group[0].token_ids for group in rollouts])
        logps = []
        for number, (group, row) in enumerate(zip(rollouts, rows)):
            r = group[0]
            values = [entry[token] for token, entry in zip(r.completion_ids, row[len(r.prompt_ids):])]
            logps.append([values if number == 0 else values[::-1]])
        worker.upload(items, rollouts, rewards, logps)
