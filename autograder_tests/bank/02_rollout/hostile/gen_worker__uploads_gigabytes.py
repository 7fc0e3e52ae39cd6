"""Uploads ever larger batches (doubling up to a gigabyte) that share one list, so they are small here and huge on the wire."""
def gen_worker(worker) -> None:
    row = [0.123456789] * 1000
    size = 1
    while worker.running() and size < (1 << 17):
        size *= 2
        worker.upload([{"Q": "q" * size, "A": "0"}] * size, [[None]] * size, [[0.0]] * size, [[row]] * size)
