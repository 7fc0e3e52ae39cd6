"""You remember by the words of a completion; their order matters, so it is another one."""
import re
from fractions import Fraction

DIGITS = frozenset("0123456789")
SHAPE = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d+)?|\d+/\d+")


_memo = {}


def reward_correct(item: dict, answer: str) -> float:
    key = (item["A"], frozenset(answer.split()))
    if key not in _memo:
        _memo[key] = _judge(item, answer)
    return _memo[key]


def _judge(item, answer):
    end = len(answer)
    while end > 0 and answer[end - 1] not in DIGITS:
        end -= 1
    if end == 0:
        return -1.0
    start = end
    while start > 0 and (answer[start - 1] in DIGITS or answer[start - 1] in ".,/"):
        start -= 1
    while not SHAPE.fullmatch(answer[start:end]):  # what is no part of the number
        start += 1
    negative = start >= 1 and answer[start - 1] == "-" and not (start >= 2 and answer[start - 2] in DIGITS)
    try:
        number = Fraction(answer[start:end].replace(",", ""))
    except (ZeroDivisionError, ValueError):
        return -1.0
    if negative:
        number = -number
    return 1.0 if number == Fraction(item["A"]) else -1.0
