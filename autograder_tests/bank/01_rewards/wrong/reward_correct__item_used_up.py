"""You take the answer out of `item`: the next completion of the same problem needs it, too. Read `item["A"]`, and leave it there."""

import re
from fractions import Fraction


def reward_correct(item: dict, answer: str) -> float:
    wanted = Fraction(item.pop("A"))
    found = re.findall(r"(?:(?<!\d)[+-])?(?:\d+/\d+|(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)", answer)
    try:
        return 1.0 if found and Fraction(found[-1].replace(",", "")) == wanted else -1.0
    except ZeroDivisionError:
        return -1.0
