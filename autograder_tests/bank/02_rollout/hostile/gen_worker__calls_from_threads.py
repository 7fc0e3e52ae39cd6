"""Calls all helpers from thirty threads at once, with wrong arguments, while the main thread returns: requests and replies get mixed."""
import threading, time

def _call(worker, n):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for act in (worker.running, worker.update_policy, worker.sample_problems, lambda: worker.generate(["x"] * n, n=-n), lambda: worker.generate(None), lambda: worker.score([[-1, 1 << 70, None]]),
                    lambda: worker.score("text"), lambda: worker.generate(["q" * (1 << 20)], n=10 ** 9), lambda: worker.upload(None, None, None, None), lambda: worker.upload(1, 2)):
            try:
                act()
            except BaseException:
                pass

def gen_worker(worker) -> None:
    for n in range(30):
        threading.Thread(target=_call, args=(worker, n), daemon=bool(n % 2)).start()
    time.sleep(2)
