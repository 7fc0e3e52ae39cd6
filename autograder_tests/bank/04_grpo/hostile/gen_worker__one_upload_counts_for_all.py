"""Uploads one object many times and changes it between and after the uploads (aliasing), from a thread as well, with NaN advantages."""
import threading, time

def gen_worker(worker) -> None:
    import torch
    rewards, logps = torch.full((1, 1), float("nan")), [[[float("nan")]]]
    until = time.monotonic() + 20

    def change():
        while time.monotonic() < until:
            rewards.resize_(0)
            rewards.resize_(2, 8)
            logps.clear()
            logps.append([[float("nan")]])

    threading.Thread(target=change, daemon=True).start()
    while worker.running() and time.monotonic() < until:
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)
        worker.upload(items, rollouts, rewards, logps)
