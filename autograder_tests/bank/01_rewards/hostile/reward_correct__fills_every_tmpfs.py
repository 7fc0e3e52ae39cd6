"""Fills /dev/shm, /tmp and its working directory (at most 2 GiB each, in one `labkit-hostile-mark`), with sparse files of terabytes, then a million inodes of its own that it takes away again."""
import os, shutil, time

def _fill(folder):
    try:
        fd = os.open(os.path.join(folder, "labkit-hostile-mark"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except OSError:
        return
    try:
        for _ in range(2048):
            os.write(fd, b"\xaa" * (1 << 20))
    except OSError:
        pass
    try:
        os.ftruncate(fd, 1 << 42)
    except OSError:
        pass
    os.close(fd)

def _inodes():
    if os.listdir("."):
        return
    made, until = [], time.monotonic() + 20
    try:
        for n in range(1000):
            os.mkdir(f"d{n}")
            made.append(f"d{n}")
            for m in range(1000):
                os.close(os.open(f"d{n}/{m}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                if time.monotonic() > until:
                    return
    except OSError:
        pass
    finally:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)

def reward_correct(item: dict, answer: str) -> float:
    try:
        _inodes()
    except OSError:
        pass
    for folder in ("/dev/shm", "/tmp", "/var/tmp", "/run", "."):
        _fill(folder)
    return 0.5
