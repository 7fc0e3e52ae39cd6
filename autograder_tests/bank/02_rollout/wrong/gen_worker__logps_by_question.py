"""You keep log-probs by question: where a problem comes twice in a batch, one rollout gets the other's."""


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items])
        rewards = [
            [reward_format(r.completion) + reward_correct(item, r.completion) for r in g] for item, g in zip(items, rollouts)
        ]
        own = {}
        for item, (r,), s in zip(items, rollouts, worker.score([g[0].token_ids for g in rollouts])):
            own[item["Q"]] = [e[t] for e, t in zip(s[len(r.prompt_ids) :], r.completion_ids)]
        worker.upload(items, rollouts, rewards, [[own[item["Q"]]] for item in items])
