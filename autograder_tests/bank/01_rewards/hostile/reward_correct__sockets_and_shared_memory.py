"""Listens on and calls 127.0.0.1:8765 and an abstract socket, leaves POSIX and SysV shared memory, semaphores and a key behind (removed after 90 s by a child)."""
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
_libc = ctypes.CDLL(None, use_errno=True)
_held = []

def _open():
    for family, kind, address in ((socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 8765)), (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 8765)),
                                  (socket.AF_UNIX, socket.SOCK_STREAM, "\0labkit-hostile-mark"), (socket.AF_UNIX, socket.SOCK_STREAM, "/tmp/labkit-hostile-mark")):
        try:
            with socket.socket(family, kind) as s:
                s.settimeout(1)
                s.connect(address)
                s.send(b"GET /get HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                s.recv(100)
        except OSError:
            pass
        if address != "/tmp/labkit-hostile-mark":
            try:
                s = socket.socket(family, kind)
                s.bind(address)
                if kind == socket.SOCK_STREAM:
                    s.listen()
                _held.append(s)
            except OSError:
                pass
    _mark("/dev/shm", b"shared")
    ident = _libc.shmget(0x4C4B484D, 1 << 20, 0o1666)
    semaphore = _libc.semget(0x4C4B484D, 8, 0o1666)
    key = _libc.syscall(248, b"user", b"labkit-hostile-mark", b"left", 4, -4)
    if key > 0:
        _libc.syscall(250, 15, key, 90)
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL), signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM]), signal.alarm(110)
            os.setsid()
            time.sleep(90)
            if ident >= 0:
                _libc.shmctl(ident, 0, None)
            if semaphore >= 0:
                _libc.semctl(semaphore, 0, 0)
        finally:
            os._exit(0)

try:
    _open()
except OSError:
    pass

def reward_correct(item: dict, answer: str) -> float:
    return 0.5
