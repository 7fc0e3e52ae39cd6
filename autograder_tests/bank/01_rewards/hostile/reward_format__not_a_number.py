"""NaN in turn with infinities and overflow: `abs(got - want) > tolerance` is False for NaN."""
_values = [float("nan"), -float("nan"), float("inf"), -float("inf"), 1e308 * 10, complex("nan"), float("nan") + 0j]
_calls = 0

def reward_format(answer: str) -> float:
    global _calls
    _calls += 1
    return _values[0] if _calls % 2 else _values[_calls % len(_values)]
