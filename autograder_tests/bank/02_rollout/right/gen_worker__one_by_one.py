"""Scores each rollout by itself; a helper in another cell."""


def completion_logps(worker, rollout):
    row = worker.score([rollout.token_ids])[0][len(rollout.prompt_ids) :]
    return [entry.get(token) for entry, token in zip(row, rollout.completion_ids)]


def reward(item, rollout):
    return reward_format(rollout.completion) + reward_correct(item, rollout.completion)


def gen_worker(worker):
    """PPO."""
    while worker.running():
        worker.update_policy()
        problems = worker.sample_problems()
        groups = worker.generate([p["Q"] for p in problems], 1)
        rewards = [[reward(p, r) for r in g] for p, g in zip(problems, groups)]
        worker.upload(problems, groups, rewards, [[completion_logps(worker, r) for r in g] for g in groups])
