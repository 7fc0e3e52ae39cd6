"""A token can occur twice in a completion: `index` finds the first one."""
def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards, gen_logps = [], []
        rows = worker.score([group[0].token_ids for group in rollouts])
        for item, [rollout], row in zip(items, rollouts, rows):
            text = rollout.completion
            rewards.append([reward_format(text) + reward_correct(item, text)])
            entries = row[len(rollout.prompt_ids):]
            ids = rollout.completion_ids
            ids = ids[: ids.index(ids[-1]) + 1]
            gen_logps.append([[entry[token] for entry, token in zip(entries, ids)]])
        worker.upload(items, rollouts, rewards, gen_logps)
