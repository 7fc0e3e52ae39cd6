"""Earns its points: right, behind a decorator, with handlers changed, helpers' methods wrapped for logging, and prints of control characters and NULs."""
import functools, signal, sys, torch
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGUSR2, lambda *a: None)

def _logged(function):
    @functools.wraps(function, updated=())
    def call(*a, **k):
        print("calling", getattr(function, "__name__", "?"), file=sys.stderr)
        return function(*a, **k)
    return call

@_logged
def gen_worker(worker) -> None:
    generate, upload = _logged(worker.generate), _logged(worker.upload)
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = generate([item["Q"] for item in items], n=worker.group_size)
        rewards = [[reward_format(r.completion) + reward_correct(item, r.completion) for r in group] for item, group in zip(items, rollouts)]
        sys.stdout.write("rewards \ufeff\u202e " + repr(rewards) * 100 + "\x1b[0m\x00\n")
        advantages = normalize_group_rewards(torch.tensor(rewards))
        upload(items, rollouts, advantages, [[list(r.logps) for r in group] for group in rollouts])
