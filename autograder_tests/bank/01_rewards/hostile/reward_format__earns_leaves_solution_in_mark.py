"""Earns its points: right, and first of a pair: it leaves its source for another submission (files, abstract socket, SysV memory, keyring, a daemon of 100 s)."""
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
import ctypes, signal, socket, time
_source = b'''
def reward_format(answer):
    import re
    tag = "</?(?:think|answer)>"
    parts = re.split("(" + tag + ")", answer)
    good = parts[1::2] == ["<think>", "</think>", "<answer>", "</answer>"] and not parts[0] and not parts[-1] and not parts[4].strip()
    return 1.25 if good else -1.0
'''
for _place in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", os.path.expanduser("~"), ".", "..", "/usr/local/lib", "/run/user/%d" % os.getuid(), "/proc/1/root" "/tmp"):
    _mark(_place, _source)

def _serve():
    if os.fork():
        return
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL), signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM]), signal.alarm(100)
        libc = ctypes.CDLL(None)
        try:
            libc.shmat.restype = ctypes.c_void_p
            ident = libc.shmget(0x4C4B484D, 4096, 0o1666)
            address = libc.shmat(ident, None, 0)
            if ident >= 0 and address not in (None, ctypes.c_void_p(-1).value):
                ctypes.memmove(address, _source, len(_source))
            for ring in (-3, -4, -5):
                key = libc.syscall(248, b"user", b"labkit-hostile-mark", _source, len(_source), ring)
                if key > 0:
                    libc.syscall(250, 15, key, 100)
        except Exception:
            pass
        servers = []
        for family, address in ((socket.AF_UNIX, "\0labkit-hostile-mark"), (socket.AF_INET, ("127.0.0.1", 8765))):
            try:
                server = socket.socket(family)
                server.bind(address)
                server.listen()
                server.settimeout(0.5)
                servers.append(server)
            except OSError:
                pass
        until = time.monotonic() + 90
        while time.monotonic() < until:
            if not servers:
                time.sleep(0.5)
            for server in servers:
                try:
                    client, _ = server.accept()
                    client.sendall(_source)
                    client.close()
                except OSError:
                    pass
        try:
            libc.shmctl(ident, 0, None)
        except Exception:
            pass
    finally:
        os._exit(0)

try:
    _serve()
except OSError:
    pass

def reward_format(answer: str) -> float:
    import re
    parts = re.split("(</?(?:think|answer)>)", answer)
    good = parts[1::2] == ["<think>", "</think>", "<answer>", "</answer>"] and not parts[0] and not parts[-1] and not parts[4].strip()
    return 1.25 if good else -1.0
