"""Uploads NaN, infinities, None and booleans in the right shape, for rewards and for gen_logps."""
import itertools
_odd = itertools.cycle([float("nan"), float("inf"), None, True, "nan", complex("nan"), 1e308 * 10])

def gen_worker(worker) -> None:
    while worker.running():
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items])
        worker.upload(items, rollouts, [[float("nan")] for _ in rollouts], [[[float("nan")] * len(r.completion_ids) for r in group] for group in rollouts])
        worker.upload(items, rollouts, [[next(_odd)] for _ in rollouts], [[[next(_odd) for _ in r.completion_ids] for r in group] for group in rollouts])
