"""Tries to leave a `labkit-hostile-mark` in every directory that it can list, in site-packages, in the parents' roots and in /proc/*/cwd."""
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
import sys, time

def _everywhere():
    until = time.monotonic() + 5
    roots = ["/", "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/etc", "/usr/local", "/opt", "/srv", "/srv", "/home", os.path.expanduser("~"), "..", "../..", *[p for p in sys.path if p]]
    roots += ["/proc/%s/%s" % (pid, what) for pid in ("1", os.getppid()) for what in ("root", "cwd", "root/tmp", "root/dev/shm")]
    for fd in range(0, 256):
        try:
            if os.path.isdir(f"/proc/self/fd/{fd}"):
                roots.append(f"/proc/self/fd/{fd}")
                roots.append(f"/proc/self/fd/{fd}/..")
                roots.append(f"/proc/self/fd/{fd}/../../..")
        except OSError:
            pass
    for root in roots:
        _mark(root)
    left = 200
    for root in ("/srv/course", "/srv", "/opt", "/home", "/var"):
        for folder, subs, files in os.walk(root):
            if time.monotonic() > until or left == 0:
                return
            subs[:] = [s for s in subs if s not in (".git", "proc", "sys")]
            left -= _mark(folder)

_everywhere()

def reward_correct(item: dict, answer: str) -> float:
    return 0.5
