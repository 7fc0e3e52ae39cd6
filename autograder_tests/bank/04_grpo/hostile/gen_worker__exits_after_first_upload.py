"""Uploads garbage, closes all descriptors, and ends the process with status 0 while the first upload is on its way, after a fork that keeps the pipe open for 100 s."""
import os, signal, time

def gen_worker(worker) -> None:
    worker.running()
    if os.fork() == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL), signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM]), signal.alarm(100)
        try:
            os.setsid()
        except OSError:
            pass
        time.sleep(100)
        os._exit(0)
    try:
        worker.upload([{"Q": "x", "A": "1"}], [[None]], [[1.0]], [[[0.0]]])
    finally:
        os.closerange(0, 4096)
        os._exit(0)
