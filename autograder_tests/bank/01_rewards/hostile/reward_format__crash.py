"""Crashes the interpreter."""
import ctypes


def reward_format(answer):
    ctypes.string_at(0)
