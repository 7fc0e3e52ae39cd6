"""You compare floats, which round: 9007199254740993 and 9007199254740992 are the same float. Compare exactly."""

import re


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    try:
        value = eval(found[-1].replace(",", "") + "*1.0") if found else None  # noqa: S307 - what not to do
    except ZeroDivisionError:
        return -1.0
    return 1.0 if value == eval(item["A"] + "*1.0") else -1.0  # noqa: S307
