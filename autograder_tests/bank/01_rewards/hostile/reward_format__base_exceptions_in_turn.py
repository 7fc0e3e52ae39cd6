"""Raises what `except Exception` does not catch: SystemExit(0), KeyboardInterrupt, GeneratorExit, a BaseException of its own, CancelledError."""
import asyncio, sys

class _Own(BaseException):
    pass

_turn = [SystemExit(0), SystemExit(None), SystemExit("8/8"), KeyboardInterrupt(), GeneratorExit(), _Own("passed"), asyncio.CancelledError(), StopIteration(1.25),
         StopAsyncIteration(), BaseExceptionGroup("g", [SystemExit(0), KeyboardInterrupt()]), MemoryError(), RecursionError(), TimeoutError(), ConnectionResetError(), EOFError(), BrokenPipeError(), AssertionError()]
_n = 0

def reward_format(answer: str) -> float:
    global _n
    _n += 1
    raise _turn[_n % len(_turn)]
