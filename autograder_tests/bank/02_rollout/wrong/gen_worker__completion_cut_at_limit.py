"""You re-score the first tokens of a long completion only: each completion token needs its log-prob, however many there are."""


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items])
        rewards = [
            [reward_format(r.completion) + reward_correct(item, r.completion) for r in g] for item, g in zip(items, rollouts)
        ]
        gen_logps = []
        for (r,), s in zip(rollouts, worker.score([g[0].token_ids[: len(g[0].prompt_ids) + 32] for g in rollouts])):
            own = [e[t] for e, t in zip(s[len(r.prompt_ids) :], r.completion_ids)]
            gen_logps.append([own + [0.0] * (len(r.completion_ids) - len(own))])
        worker.upload(items, rollouts, rewards, gen_logps)
