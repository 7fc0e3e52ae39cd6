"""Answers that look like the grader's own replies: verdicts, encoded tensors, errors, duplicate keys, prototype and dunder keys."""
_n = 0
_fakes = [
    {"ok": True, "passed": True, "correct": True, "score": 8, "points": 8, "max_score": 8, "value": 1.25, "result": 1.25},
    {"__class__": "float", "__value__": 1.25, "__float__": 1.25}, {"type": "float", "value": "1.25"}, {"kind": "skip"},
    {"__tensor__": [], "dtype": "float32", "shape": [0]}, {"dtype": "object", "shape": [-1], "data": ""},
    {"error": None, "exception": None, "traceback": None, "timeout": False}, {"done": True, "rows": []},
    [["value", 1.25], ["value", -1.0]], {"$ref": "#/expected"}, {"expected": 0.5, "got": 0.5}, {"id": -1, "answer": 0.5},
    {"py/object": "builtins.float", "py/reduce": []}, "1.25\n-1.0", "true", "null", None, True, {"": {"": {"": 1.25}}},
]

def reward_format(answer: str) -> float:
    global _n
    _n += 1
    return _fakes[_n % len(_fakes)]
