"""Rewards in threads, which keep the order, while the main thread scores."""
from concurrent.futures import ThreadPoolExecutor


def gen_worker(worker):
    def reward(pair):
        item, rollout = pair
        return [reward_format(rollout.completion) + reward_correct(item, rollout.completion)]

    with ThreadPoolExecutor(max_workers=2) as pool:
        while worker.running():
            worker.update_policy()
            items = worker.sample_problems()
            rollouts = worker.generate([item["Q"] for item in items], n=1)
            singles = [rollout for group in rollouts for rollout in group]
            pending = pool.map(reward, zip(items, singles))
            rows = worker.score([rollout.token_ids for rollout in singles])
            gen_logps = [
                [[row[p][rollout.token_ids[p]] for p in range(len(rollout.prompt_ids), len(rollout.token_ids))]]
                for rollout, row in zip(singles, rows)
            ]
            worker.upload(items, rollouts, list(pending), gen_logps)
