"""What keeps a submission to itself, by means of the Linux kernel: namespaces, another user, limits, refused system calls.

`confine` is called in a process that has just been forked, before it sees a line of the submission. What the host does not
allow is left out and reported; nothing here is needed for a right grade of an honest submission.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from labkit.config import PACKAGE
from labkit.grading import syscalls

# linux/sched.h, sys/mount.h, linux/prctl.h, linux/capability.h
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
MS_NOATIME, MS_NODIRATIME, MS_RELATIME = 1024, 2048, 1 << 21
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
CAPABILITY_VERSION = 0x20080522

NOBODY = 65534
FIRST_USER = 3_000_000_000  # where the grader is root, each sandbox is a user of its own: this plus its number
MOST_FILES = 4096  # in its scratch directory: each takes memory, an empty one, too
DEVICES = ("null", "zero", "random", "urandom")
PROTECTIONS = {
    "user": "a user of its own, without any privilege",
    "network": "no network",
    "files": "sees the packages, read-only, and a scratch directory in memory; nothing else",
    "processes": "sees no process but its own, and leaves none",
    "limits": "limits on processor time, memory, threads, open files and file sizes",
    "calls": "starts no program and no process, opens no socket, sends no signal",
}


@dataclass(frozen=True)
class Limits:
    """What one sandbox may use in all."""

    cpu_seconds: int = 60
    memory: int = 2**29  # bytes, beside what the packages take
    threads: int = 16
    open_files: int = 64
    scratch: int = 64 * 2**20  # bytes


def confine(mountpoint: Path, number: int, limits: Limits) -> dict[str, bool]:
    """Shut this process, which must have one thread, off from the rest; returns which `PROTECTIONS` are in force.

    The process that returns may be a child of the one that called: the caller then waits for it, and ends as it ended.
    """
    os.setsid()
    _die_with_parent()
    _first_to_go()
    force = dict.fromkeys(PROTECTIONS, False)
    used, outside = _memory_used(), _namespaces()
    user, group = os.geteuid(), os.getegid()
    inside = NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS
    if user == 0 and _works(lambda: _unshare(inside)):
        _go_on_as_child()
        force["files"] = _works(lambda: _own_root(mountpoint, limits.scratch))
    if user == 0:
        force["user"] = _works(lambda: _become(FIRST_USER + number, ("/scratch", "/tmp") if force["files"] else (mountpoint,)))
    elif _works(lambda: _unshare(NEWUSER | inside)):
        _map_user(user, group)
        _go_on_as_child()
        force["files"] = _works(lambda: _own_root(mountpoint, limits.scratch))
        force["user"] = True
    apart = [mine != theirs for mine, theirs in zip(_namespaces(), outside, strict=True)]
    force["network"], force["processes"] = apart
    if not force["files"]:
        os.chdir(mountpoint)
    force["limits"] = _set_limits(limits, used)
    _drop_privileges()
    force["calls"] = _works(syscalls.restrict)
    return force


def _become(user: int, folders: Iterable[str | Path]) -> None:
    for folder in folders:
        os.chown(folder, user, user)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _die_with_parent()  # a change of user forgets it


def _namespaces() -> tuple[str, str]:
    """What the network and the processes that this process sees are called; "" where that cannot be told."""
    return tuple(os.readlink(f"/proc/self/ns/{name}") if os.path.exists("/proc/self/ns") else "" for name in ("net", "pid"))  # type: ignore[return-value]


def _first_to_go() -> None:
    """Where memory runs out, the kernel ends a sandbox before the process that forks them."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _works(step: Callable[[], None]) -> bool:
    try:
        step()
    except OSError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return False
    return True


# --- user and processes


def _unshare(flags: int) -> None:
    _call("unshare", _libc().unshare(flags))


def _map_user(uid: int, gid: int) -> None:
    """The user `uid` of the host is `NOBODY` inside. Needs /proc/self to be its own, which a change of user takes away."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{NOBODY} {uid} 1"), ("gid_map", f"{NOBODY} {gid} 1")):
        Path("/proc/self", name).write_text(text)


def _go_on_as_child() -> None:
    """Only a child is in the new process namespace, as its first process: with it all others there end. SIGTERM to the parent
    ends it, and the parent when nothing of it is left."""
    child = os.fork()
    if child == 0:
        _die_with_parent()
        return
    os.closerange(3, 4096)  # the connection is the child's alone

    def end(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    _die_with_parent(signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _die_with_parent(by: int = signal.SIGKILL) -> None:
    _call("prctl", _libc().prctl(PR_SET_PDEATHSIG, by, 0, 0, 0))
    _call("prctl", _libc().prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))


# --- files


def readable() -> list[Path]:
    """What a sandbox may read: Python, its packages, the system's libraries, this package."""
    paths = {Path(sys.prefix), Path(sys.base_prefix), Path(sysconfig.get_path("purelib")), PACKAGE}
    system = {Path(p) for p in ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime") if Path(p).exists()}
    found = {path.resolve() for path in paths} | {path for path in system if not path.is_symlink()}
    return sorted(p for p in found if not any(other in p.parents for other in found))


def hidden() -> list[Path]:
    """What is left out of that: packages and modules that hold a solution, or a part of one, and that no submission needs."""
    ours = [PACKAGE / "pretrain.py", *(PACKAGE / "__pycache__").glob("pretrain.*")]
    return [path.resolve() for path in (*ours, Path(sysconfig.get_path("purelib")) / "trl") if path.exists()]


def _hide(path: Path) -> None:
    if path.is_dir():
        _mount("tmpfs", str(path), "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k")
    else:
        _mount("/dev/null", str(path), None, MS_BIND)


def _own_root(mountpoint: Path, size: int) -> None:
    """A root directory in memory that holds `readable`, a few devices, and /scratch."""
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    _mount("tmpfs", str(mountpoint), "tmpfs", MS_NOSUID | MS_NODEV, f"size={size},nr_inodes={MOST_FILES},mode=755")
    for path in readable():
        _bind(path, mountpoint / path.relative_to("/"), MS_NOSUID | MS_NODEV)
    for path in hidden():
        _hide(mountpoint / path.relative_to("/"))
    for link in ("/lib", "/lib64", "/bin"):
        if Path(link).is_symlink():
            os.symlink(os.readlink(link), mountpoint / link[1:])
    for name in DEVICES:
        _bind(Path("/dev") / name, mountpoint / "dev" / name, MS_NOSUID)  # who may not change a device may write to it
    (mountpoint / "proc").mkdir()
    _works(lambda: _mount("proc", str(mountpoint / "proc"), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC))
    for name in ("scratch", "tmp"):
        (mountpoint / name).mkdir(exist_ok=True)
    os.chdir(mountpoint)
    _call("pivot_root", _libc().syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b"."))
    _call("umount2", _libc().umount2(b".", MNT_DETACH))
    os.chdir("/scratch")


def _bind(source: Path, target: Path, flags: int) -> None:
    """Show `source` at `target`, read-only."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _mount(str(source), str(target), None, MS_BIND | MS_REC)
    _mount("none", str(target), None, MS_BIND | MS_REMOUNT | MS_RDONLY | flags | _kept_flags(target))


def _kept_flags(path: Path) -> int:
    """Flags of a mount that a user without privileges may not take away from it."""
    flags = os.statvfs(path).f_flag
    known = {os.ST_NOEXEC: MS_NOEXEC, os.ST_NOATIME: MS_NOATIME, os.ST_NODIRATIME: MS_NODIRATIME, os.ST_RELATIME: MS_RELATIME}
    return sum(ours for theirs, ours in known.items() if flags & theirs)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    done = _libc().mount(source.encode(), target.encode(), kind.encode() if kind else None, flags, data.encode() or None)
    _call(f"mount {kind or 'bind'} on {Path(target).name or '/'}", done)


# --- limits and privileges


def _memory_used() -> dict[int, int] | None:
    """Bytes of address space, and of those that can be written, that this process has; None where that cannot be told."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return {limit: 1024 * int(lines[name].split()[0])
            for limit, name in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData"))}  # fmt: skip


def _set_limits(limits: Limits, used: dict[int, int] | None) -> bool:
    """Whether all are set: those on memory are beside what is `used`."""
    for name, value in (
        (resource.RLIMIT_CPU, limits.cpu_seconds), (resource.RLIMIT_NPROC, limits.threads),
        (resource.RLIMIT_NOFILE, limits.open_files), (resource.RLIMIT_FSIZE, limits.scratch), (resource.RLIMIT_CORE, 0),
        *((name, bytes_used + limits.memory) for name, bytes_used in (used or {}).items()),
    ):  # fmt: skip
        with contextlib.suppress(ValueError):  # above a limit that the host has set already: that one holds
            resource.setrlimit(name, (value, value))
    return used is not None


def _drop_privileges() -> None:
    """No capability is left, inside its namespaces either, and none can be gained by running a program."""
    libc = _libc()
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # those that do not exist are refused
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _call("capset", libc.capset(header, nothing))
    _call("prctl", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, returned: int) -> None:
    if returned != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
