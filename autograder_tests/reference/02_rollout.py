"""Reference solution of notebook 02: PPO's rollout loop, one rollout per prompt."""


def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)

        rewards = [
            [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
            for item, group in zip(items, rollouts, strict=True)
        ]
        # One row of prompt_logprobs per rollout; what stands before the completion is prompt.
        rescored = iter(worker.score([r.token_ids for group in rollouts for r in group]))
        gen_logps = [[completion_logps(next(rescored), r.token_ids, len(r.prompt_ids)) for r in group] for group in rollouts]
        worker.upload(items, rollouts, rewards, gen_logps)


def completion_logps(prompt_logprobs, token_ids, plen):
    return [entry[token] for token, entry in zip(token_ids[plen:], prompt_logprobs[plen:], strict=True)]
