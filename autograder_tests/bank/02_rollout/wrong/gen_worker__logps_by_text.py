"""Log-probs belong to a prompt and its completion: the same text behind another prompt has others."""
def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards, gen_logps, known = [], [], {}
        rows = worker.score([group[0].token_ids for group in rollouts])
        for item, [rollout], row in zip(items, rollouts, rows):
            text = rollout.completion
            rewards.append([reward_format(text) + reward_correct(item, text)])
            entries = row[len(rollout.prompt_ids):]
            gen_logps.append([known.setdefault(text, [entry[token] for entry, token in zip(entries, rollout.completion_ids)])])
        worker.upload(items, rollouts, rewards, gen_logps)
