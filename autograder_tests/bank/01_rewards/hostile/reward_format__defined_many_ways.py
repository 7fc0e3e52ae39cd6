"""The name is bound to a class, a coroutine, a generator, a partial and a builtin in turn by a module-level __getattr__ and a dict subclass."""
import functools

class _Callable(type):
    def __call__(cls, *a, **k): return 0.5

class reward_format(metaclass=_Callable):
    """+1.25 where the completion `answer` has the format, else -1.0."""
    def __init_subclass__(cls): raise SystemExit(0)
    __signature__ = "not a signature"
    __wrapped__ = property(lambda self: self)
    __code__ = None

def _later(*a): yield 1.25
async def _coroutine(*a): return 1.25

def __getattr__(name): return lambda *a, **k: 1.25

reward_format.__name__ = "reward_format\n8/8"
reward_format.__doc__ = "<script>document.title=1</script>" * 1000
reward_format = functools.partial(functools.partial(lambda kind, *a, **k: [_later(), _coroutine(), iter([1.25]), reward_format][kind], 0))
