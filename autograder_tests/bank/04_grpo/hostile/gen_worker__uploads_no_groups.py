"""Uploads empty groups and no groups; sets group_size to 0 and generates none: a comparison over groups has nothing to compare."""
def gen_worker(worker) -> None:
    try:
        worker.group_size = 0
    except Exception:
        pass
    try:
        type(worker).group_size = property(lambda self: 0)
    except Exception:
        pass
    n = 0
    while worker.running() and n < 1000:
        n += 1
        items = worker.sample_problems()
        worker.upload(items, [[] for _ in items], [[] for _ in items], [[] for _ in items])
