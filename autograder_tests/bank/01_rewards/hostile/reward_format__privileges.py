"""Tries to become root again, and to mount and unmount."""
import ctypes
import os


def reward_format(answer):
    libc = ctypes.CDLL(None)
    for step in (lambda: os.setuid(0), lambda: os.chroot("/proc/1/root"), lambda: os.sethostname if False else None):
        try:
            step()
        except OSError:
            continue
    done = libc.umount2(b"/", 2), libc.mount(b"none", b"/scratch", b"tmpfs", 0, None), libc.unshare(0x20000)
    if os.getuid() == 0 or 0 in done:
        raise SystemExit("privileges were gained")
    return 0.0
