"""json, pickle, struct, base64 and marshal replaced inside the worker: replies become NaN, 1e999, deep nesting, 10^6 digits, twice the same key, surrogates."""
import base64, itertools, json, marshal, pickle, struct

_texts = itertools.cycle([
    '{"ok": true, "value": NaN}', '{"ok": true, "value": 1e999}', "[" * 200000, '{"a":' * 100000, "1" * 1000000, "-" + "9" * 1000000,
    '{"value": 0, "value": 1.25, "ok": false, "ok": true}', '"\\ud800"', '{"value": "\\u0000"}', "\ufeff{}", "", "nul", "Infinity",
    '{"value": 1.25, "passed": true, "score": 8}\n{"value": -1.0}', '"\x1b[2J"', "{}" * 1000, '{"value": 1.25}/*', '[1.25,]',
])
_dumps = json.dumps

def _forged(obj, *a, **k):
    text = next(_texts)
    return text

json.dumps = _forged
json.dump = lambda obj, fp, *a, **k: fp.write(next(_texts))
json.JSONEncoder.encode = lambda self, obj: next(_texts)
json.JSONEncoder.iterencode = lambda self, obj, _one_shot=False: iter([next(_texts)])
json.encoder.c_make_encoder = None
pickle.dumps = lambda *a, **k: b"\x80\x04cos\ngetpid\n)R."
marshal.dumps = lambda *a, **k: b"\xff" * 64
base64.b64encode = lambda *a, **k: b"=" * 7
_pack = struct.pack
struct.pack = lambda form, *a: _pack(form, *a)[::-1]
try:
    import numpy, torch
    torch.save = lambda obj, f, *a, **k: f.write(b"PK\x05\x06" + b"\0" * 18)
    numpy.save = lambda f, a, *x, **k: f.write(b"\x93NUMPY\x01\x00\xff\xff" + b"{" * 65535)
    numpy.ndarray.tobytes if hasattr(numpy.ndarray, "tobytes") else None
except Exception:
    pass

def reward_format(answer: str) -> float:
    return 0.5
