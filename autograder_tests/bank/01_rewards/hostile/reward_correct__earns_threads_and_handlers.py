"""Earns its points: right, and starts threads, registers atexit and signal handlers, raises in a thread, chats on stdout, changes the directory, the locale, the seed and the recursion limit."""
import atexit, os, random, re, signal, sys, threading, time, warnings
from fractions import Fraction

def _background():
    until = time.monotonic() + 100
    while time.monotonic() < until:
        time.sleep(0.2)
        print("still here", file=sys.stderr)

def _fails():
    raise RuntimeError("in a thread of its own")

for _target in (_background, _background, _fails):
    threading.Thread(target=_target, daemon=True).start()
atexit.register(lambda: print("bye" * 1000))
atexit.register(_fails)
signal.signal(signal.SIGTERM, lambda *a: print("not now"))
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
random.seed(0)
sys.setrecursionlimit(5000)
sys.setswitchinterval(0.001)
os.environ["TERM"] = "dumb"
os.umask(0o077)
warnings.warn("do not mind me", DeprecationWarning)

_WHOLE = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)"
_NUMBER = re.compile(rf"((?<![0-9])[+-])?({_WHOLE}/{_WHOLE}|{_WHOLE}?\.[0-9]+|{_WHOLE})")

def reward_correct(item: dict, answer: str) -> float:
    print("looking at", answer[:50])
    numbers = _NUMBER.findall(answer)
    if not numbers:
        return -1.0
    sign, size = numbers[-1]
    try:
        value = Fraction(size.replace(",", ""))
    except (ZeroDivisionError, ValueError):
        return -1.0
    return 1.0 if (-value if sign == "-" else value) == Fraction(item["A"]) else -1.0
