"""You remember rewards by the completion alone: the same text can be right for one problem and wrong for another."""


def gen_worker(worker):
    known = {}
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items])
        rewards = []
        for item, (r,) in zip(items, rollouts):
            if r.completion not in known:
                known[r.completion] = reward_format(r.completion) + reward_correct(item, r.completion)
            rewards.append([known[r.completion]])
        scores = worker.score([g[0].token_ids for g in rollouts])
        gen_logps = [[[e[t] for e, t in zip(s[len(g[0].prompt_ids) :], g[0].completion_ids)]] for g, s in zip(rollouts, scores)]
        worker.upload(items, rollouts, rewards, gen_logps)
