"""Answers that are small here and endless elsewhere: self-containing lists, billion laughs, a repr of a gigabyte, a dict of itself."""
_loop = []
_loop.append(_loop)
_mapping = {}
_mapping["value"] = _mapping
_laughs = ["ha"] * 10
for _ in range(12):
    _laughs = [_laughs] * 10
_deep = 1.25
for _ in range(100000):
    _deep = [_deep]
_deep_dict = 1.25
for _ in range(50000):
    _deep_dict = {"value": _deep_dict}

class _Long:
    def __repr__(self): return "1.25 " * (1 << 28)
    __str__ = __repr__

class _Endless(list):
    def __iter__(self):
        while True:
            yield 1.25
    def __len__(self): return 1

_n = 0

def reward_format(answer: str) -> float:
    global _n
    _n += 1
    return [_loop, _mapping, _laughs, _deep, _deep_dict, _Long(), _Endless([1.25]), 10 ** 1000000, "x" * (1 << 28)][_n % 9]
