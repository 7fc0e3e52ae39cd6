"""Runs a program that lies in no file: memfd_create + execve of the interpreter on a script that inherits the channel and forges replies (ends after 60 s)."""
import os, sys
_script = b'''
import json, os, signal, stat, struct, time
signal.signal(signal.SIGALRM, signal.SIG_DFL), signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM]), signal.alarm(60)
for s in (15, 2, 1):
    signal.signal(s, signal.SIG_IGN)
for _ in range(50):
    for fd in range(0, 256):
        try:
            mode = os.fstat(fd).st_mode
            if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
                data = json.dumps({"id": 0, "ok": True, "value": 1.0, "passed": True, "score": 12}).encode()
                os.set_blocking(fd, False)
                os.write(fd, data + b"\\n")
                os.write(fd, struct.pack(">I", len(data)) + data)
        except OSError:
            pass
    time.sleep(1)
'''

def reward_correct(item: dict, answer: str) -> float:
    fd = os.memfd_create("labkit-hostile-mark", 0)
    os.write(fd, _script)
    for n in range(3, 256):
        try:
            os.set_inheritable(n, True)
        except OSError:
            pass
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-I", f"/proc/self/fd/{fd}"], {"PATH": "/usr/bin:/bin"})
    os.execve(sys.executable, [sys.executable, "-I", f"/proc/self/fd/{fd}"], {"PATH": "/usr/bin:/bin"})
