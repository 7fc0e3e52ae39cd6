"""A daemon (double fork, setsid, closed descriptors, ignored signals) that outlives the grading by at most 100 s, leaves marks late, and goes on writing replies."""
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
import signal, sys, time

def _daemon():
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL), signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM]), signal.alarm(100)
        for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGQUIT):
            signal.signal(s, signal.SIG_IGN)
        try:
            os.chdir("/")
        except OSError:
            pass
        until = time.monotonic() + 90
        while time.monotonic() < until:
            time.sleep(1)
            for fd in _channels(0):
                for frame in _frames({"id": 0, "ok": True, "value": 1.25, "passed": True, "score": 8}):
                    _send(fd, frame)
            for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", os.path.expanduser("~")):
                _mark(folder)
    finally:
        os._exit(0)

try:
    _daemon()
except OSError:
    pass

def reward_format(answer: str) -> float:
    return 0.5
