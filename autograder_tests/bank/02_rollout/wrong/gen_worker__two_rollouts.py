"""You draw several rollouts for each prompt; PPO takes one here (`n=1`). Groups come with GRPO, in notebook 04."""


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=2)
        rewards = [
            [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
            for item, group in zip(items, rollouts)
        ]
        rows = iter(worker.score([r.token_ids for group in rollouts for r in group]))
        gen_logps = []
        for group in rollouts:
            gen_logps.append(
                [[entry[token] for entry, token in zip(next(rows)[len(r.prompt_ids) :], r.completion_ids)] for r in group]
            )
        worker.upload(items, rollouts, rewards, gen_logps)
