"""You compare texts: 18.0 and 18, 6/8 and 3/4, 0.75 and 3/4 are equal numbers. Compare them by value, exactly."""

import re


def reward_correct(item, answer):
    found = re.findall(r"(?:(?<![\w.)\]}])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?", answer)
    return 1.0 if found and found[-1].replace(",", "").lstrip("+") == item["A"] else -1.0
