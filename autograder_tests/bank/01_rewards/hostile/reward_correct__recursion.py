"""Recurses without end, in Python and in data."""
import sys

sys.setrecursionlimit(10**9)


def reward_correct(item, answer):
    return reward_correct(item, answer)
