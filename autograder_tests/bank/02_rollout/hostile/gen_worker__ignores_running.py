"""Never asks whether the training is over, swallows every interrupt, and uploads small batches as fast as it can for ever."""
def gen_worker(worker) -> None:
    while True:
        try:
            worker.upload([{"Q": "", "A": "0"}], [[None]], [[0.0]], [[[0.0]]])
        except BaseException:
            continue
