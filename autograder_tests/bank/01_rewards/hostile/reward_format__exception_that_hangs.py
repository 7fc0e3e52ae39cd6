"""Exceptions whose __str__, __repr__, args, __notes__, __cause__ and class hang, exit, recurse or raise when the grader describes them."""
import os, sys, time

class _Sleepy(Exception):
    def __str__(self):
        while True:
            try:
                time.sleep(1000)
            except BaseException:
                pass
    __repr__ = __str__

class _Exiting(Exception):
    def __str__(self): os._exit(0)
    __repr__ = __str__

class _Leaving(Exception):
    def __str__(self): raise SystemExit(0)
    __repr__ = __str__

class _NoText(Exception):
    def __str__(self): return 42

class _Args(Exception):
    @property
    def args(self): raise KeyboardInterrupt
    @property
    def __notes__(self): return self
    @property
    def __traceback__(self): raise MemoryError

class _Meta(type):
    @property
    def __name__(cls): raise GeneratorExit
    def __repr__(cls): raise StopIteration
    def __instancecheck__(cls, x): return True

class _MetaError(Exception, metaclass=_Meta):
    pass

def _circle():
    a, b = ValueError("a"), ValueError("b")
    a.__cause__, b.__cause__ = b, a
    a.__context__, b.__context__ = b, a
    return a

def _group():
    error = ValueError("leaf")
    for _ in range(5000):
        error = ExceptionGroup("group", [error])
    return error

_n = 0

def reward_format(answer: str) -> float:
    global _n
    _n += 1
    raise [_MetaError, _NoText, _Args, _circle, _group, _Leaving, _Exiting, _Sleepy][min(_n, 8) - 1]()
