"""Uploads what is not a batch: depth, size, other types."""


def gen_worker(worker):
    deep = []
    for _ in range(500):
        deep = [deep]
    for rubbish in (deep, "x" * 100_000, {"a": 1}, None, [[10**400]], [[float("nan")]]):
        try:
            worker.upload(rubbish, rubbish, rubbish, rubbish)
        except Exception:  # noqa: BLE001
            continue
