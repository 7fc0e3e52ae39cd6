"""Hand-written: walks back from the last digit."""

from fractions import Fraction


def reward_correct(item, answer):
    end = max((i for i, c in enumerate(answer) if c.isdigit()), default=-1) + 1
    if end == 0:
        return -1.0
    start = end
    while start > 0 and (answer[start - 1].isdigit() or answer[start - 1] in ".,/"):
        start -= 1
    while answer[start] in ",/":
        start += 1
    text = answer[start:end]
    if start > 0 and answer[start - 1] in "+-":
        before = answer[start - 2] if start > 1 else " "
        if not (before.isalnum() or before in "_.)]}"):
            text = answer[start - 1] + text
    try:
        return 1.0 if Fraction(text.replace(",", "")) == Fraction(item["A"]) else -1.0
    except (ValueError, ZeroDivisionError):
        return -1.0
