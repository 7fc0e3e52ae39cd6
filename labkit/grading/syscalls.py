"""Which system calls a submission may not make: a filter in the Linux kernel, seccomp(2), that no process can take off.

A right function computes; it needs no program, no other process, no socket, and no memory beside its own.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Mapping

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000  # linux/seccomp.h
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; the lower half, on little-endian machines
FOREIGN = 0x40000000  # from here on: calls of another ABI, x32
CLONE_THREAD, PR_SET_PDEATHSIG = 0x10000, 1

# Architecture by `uname -m`: what the kernel calls it, and the numbers of system calls that are refused with EPERM.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
REFUSED: Mapping[str, Mapping[str, int]] = {
    "x86_64": {
        "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "socket": 41, "socketpair": 53,
        "memfd_create": 319, "shmget": 29, "msgget": 68, "semget": 64,
        "kill": 62, "tkill": 200, "tgkill": 234, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297,
        "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311,
        "unshare": 272, "setns": 308, "mount": 165, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
        "add_key": 248, "request_key": 249, "keyctl": 250, "io_setup": 206, "mq_open": 240, "flock": 73,
    },
    "aarch64": {
        "execve": 221, "execveat": 281, "socket": 198, "socketpair": 199,
        "memfd_create": 279, "shmget": 194, "msgget": 186, "semget": 190,
        "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240,
        "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271,
        "unshare": 97, "setns": 268, "mount": 40, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
        "add_key": 217, "request_key": 218, "keyctl": 219, "io_setup": 0, "mq_open": 180, "flock": 32,
    },
}  # fmt: skip
# The same numbers everywhere: signals by descriptor, io_uring, the newer mount calls, descriptors of others, secret memory.
REFUSED_EVERYWHERE = (424, 425, 428, 429, 430, 434, 438, 442, 447)
CLONE, PRCTL, CLONE3 = {"x86_64": 56, "aarch64": 220}, {"x86_64": 157, "aarch64": 167}, 435


def restrict() -> None:
    """Refuse those calls to this process from now on. Raises OSError where the kernel has no such filter.

    `clone` makes threads but no process; `clone3`, whose arguments a filter cannot see, seems not to exist: the C library
    then takes `clone`.
    """
    machine = os.uname().machine
    if machine not in REFUSED:
        raise OSError(errno.ENOSYS, f"no list of system calls for {machine}")
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(header), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def _program(machine: str) -> bytes:
    """The filter, in the kernel's BPF: 8 bytes for each instruction; jumps count those that are skipped."""

    def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_true, if_false, value)

    def answer(number: int, error: int) -> bytes:
        return step(EQUAL, number, 0, 1) + step(RETURN, ERRNO | error)

    refused = step(RETURN, ERRNO | errno.EPERM)
    lines = [
        step(LOAD, ARCHITECTURE), step(EQUAL, ARCHITECTURES[machine], 1, 0), step(RETURN, KILL),
        step(LOAD, NUMBER), step(AT_LEAST, FOREIGN, 0, 1), refused,
        *(answer(number, errno.EPERM) for number in (*REFUSED[machine].values(), *REFUSED_EVERYWHERE)),
        answer(CLONE3, errno.ENOSYS),
        step(EQUAL, CLONE[machine], 0, 4), step(LOAD, FIRST_ARGUMENT), step(ANY_BIT, CLONE_THREAD, 1, 0), refused,
        step(RETURN, ALLOW),
        step(EQUAL, PRCTL[machine], 0, 3), step(LOAD, FIRST_ARGUMENT), step(EQUAL, PR_SET_PDEATHSIG, 0, 1), refused,
        step(RETURN, ALLOW),
    ]  # fmt: skip
    return b"".join(lines)
