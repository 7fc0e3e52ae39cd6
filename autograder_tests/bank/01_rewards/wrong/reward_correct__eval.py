"""You run the completion with `eval`: it is text from a stranger, it raises on units, words and commas, and it could do harm."""

import re


def reward_correct(item, answer):
    found = re.findall(r"<answer>(.*?)</answer>", answer)
    return 1.0 if found and eval(found[-1]) == eval(item["A"]) else -1.0  # noqa: S307 - what not to do
