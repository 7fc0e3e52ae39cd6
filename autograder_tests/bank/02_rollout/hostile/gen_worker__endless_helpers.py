"""Calls helpers without end, and asks for more rollouts than fit anywhere."""


def gen_worker(worker):
    items = worker.sample_problems()
    while True:
        try:
            worker.generate([item["Q"] for item in items], 10**9)
        except Exception:  # noqa: BLE001
            worker.update_policy()
