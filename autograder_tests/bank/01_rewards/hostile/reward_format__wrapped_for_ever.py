"""A function whose __wrapped__, __signature__, __code__, __name__ and __globals__ mislead whoever inspects it; unwrap never ends."""
import inspect

class _Endless:
    @property
    def __wrapped__(self): return _Endless()
    @property
    def __signature__(self): raise SystemExit(0)
    @property
    def __globals__(self): return {"check": lambda *a, **k: None}
    @property
    def __name__(self): return "x" * (1 << 24)
    @property
    def __module__(self): raise KeyboardInterrupt
    def __call__(self, *a, **k): return self
    def __reduce__(self): raise SystemExit(0)
    def __deepcopy__(self, memo): return self

reward_format = _Endless()
