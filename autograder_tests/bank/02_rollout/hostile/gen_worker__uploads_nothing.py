"""Uploads empty lists (and lists of empty lists): a comparison that zips, or asks all() of nothing, finds no fault."""
def gen_worker(worker) -> None:
    n = 0
    while worker.running() and n < 1000:
        n += 1
        worker.upload([], [], [], []) if n % 2 else worker.upload([[]], [[]], [[]], [[[]]])
