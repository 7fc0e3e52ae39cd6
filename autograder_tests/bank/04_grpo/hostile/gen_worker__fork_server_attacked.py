"""Goes for the process that forks the workers: its memory, its environment, its working directory and its idle children, so that the next worker is another."""
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
import signal, sys

def gen_worker(worker) -> None:
    parent = os.getppid()
    for name in ("multiprocessing.forkserver", "multiprocessing.resource_tracker", "multiprocessing.resource_sharer"):
        module = sys.modules.get(name)
        server = getattr(module, "_forkserver", None) or getattr(module, "_resource_tracker", None)
        for attribute in ("_forkserver_alive_fd", "_forkserver_address", "_fd"):
            value = getattr(server, attribute, None)
            try:
                if isinstance(value, int):
                    os.write(value, b"REGISTER:/labkit-hostile-mark:semaphore\n")
                    os.close(value)
            except OSError:
                pass
    try:
        with open(f"/proc/{parent}/mem", "r+b", 0):
            _mark("/tmp", b"parent's memory can be written\n")
    except OSError:
        pass
    for name in ("oom_score_adj", "timerslack_ns", "coredump_filter"):
        try:
            if parent > 1:
                os.close(os.open(f"/proc/{parent}/{name}", os.O_WRONLY))
                _mark("/tmp", b"parent's /proc can be written\n")
        except OSError:
            pass
    try:
        for pid in os.listdir("/proc"):
            if pid.isdigit() and int(pid) not in (os.getpid(), parent):
                with open(f"/proc/{pid}/stat") as handle:
                    if int(handle.read().rsplit(")", 1)[1].split()[1]) == parent:
                        _mark("/tmp", b"sees another child of the same parent\n")
    except OSError:
        pass
    if parent > 1:
        try:
            os.kill(parent, signal.SIGCHLD)
            os.kill(parent, signal.SIGUSR1)
        except OSError:
            pass
