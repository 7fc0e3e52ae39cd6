"""Leaves a process behind, in a session of its own, that is to live on."""
import os
import time


def reward_format(answer):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(5000)
        os._exit(0)
    return 1.25
