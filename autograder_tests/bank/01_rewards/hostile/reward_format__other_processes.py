"""Reads the environment and memory of other processes, the grader's first."""
import glob
import os


def reward_format(answer):
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/maps") + [f"/proc/{os.getppid()}/mem"]:
        if path.split("/")[2] != str(os.getpid()):
            try:
                with open(path, "rb") as file:
                    if file.read(10):
                        raise SystemExit("another process can be read: " + path)
            except OSError:
                pass
    return 0.0
