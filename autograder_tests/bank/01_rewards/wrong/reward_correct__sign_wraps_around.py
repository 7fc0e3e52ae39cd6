"""Before the first character stands nothing: an index of -1 is the last one."""
from fractions import Fraction


def reward_correct(item: dict, answer: str) -> float:
    digits = "0123456789"
    last = None
    i, n = 0, len(answer)
    while i < n:
        if not (answer[i] in digits or (answer[i] == "." and i + 1 < n and answer[i + 1] in digits)):
            i += 1
            continue
        start = i
        while i < n and answer[i] in digits:
            i += 1
        if 1 <= i - start <= 3:
            while i + 3 < n and answer[i] == "," and all(c in digits for c in answer[i + 1 : i + 4]):
                i += 4
        whole = answer[start:i].replace(",", "") or "0"
        decimals, bottom = "", "1"
        if i + 1 < n and answer[i] == "." and answer[i + 1] in digits:
            mark = i = i + 1
            while i < n and answer[i] in digits:
                i += 1
            decimals = answer[mark:i]
        elif i + 1 < n and answer[i] == "/" and answer[i + 1] in digits:
            mark = i = i + 1
            while i < n and answer[i] in digits:
                i += 1
            bottom = answer[mark:i]
        negative = start > 0 and answer[start - 1] == "-" and answer[start - 2] not in digits
        last = (negative, whole, decimals, bottom)
    if last is None:
        return -1.0
    negative, whole, decimals, bottom = last
    try:
        number = Fraction(int(whole + decimals), int(bottom) * 10 ** len(decimals))
    except (ZeroDivisionError, ValueError):
        return -1.0
    number = -number if negative else number
    return 1.0 if number == Fraction(item["A"]) else -1.0
