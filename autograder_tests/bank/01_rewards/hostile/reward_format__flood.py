"""Prints megabytes, to Python's output and to the process's."""
import os


def reward_format(answer):
    print("x" * 30_000_000)
    os.write(1, b"y" * 10_000_000)
    os.write(2, b"z" * 10_000_000)
    return 0.0
