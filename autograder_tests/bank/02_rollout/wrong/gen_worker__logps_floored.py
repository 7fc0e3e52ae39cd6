"""You raise the log-probs of very unlikely tokens: upload them as they are, the ratio needs them."""


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items])
        rewards = [
            [reward_format(r.completion) + reward_correct(item, r.completion) for r in g] for item, g in zip(items, rollouts)
        ]
        scores = worker.score([g[0].token_ids for g in rollouts])
        gen_logps = [
            [[max(e[t], -5.0) for e, t in zip(s[len(g[0].prompt_ids) :], g[0].completion_ids)]]
            for g, s in zip(rollouts, scores)
        ]
        worker.upload(items, rollouts, rewards, gen_logps)
