"""White space before `<think>` or after `</answer>` passes; only between the two blocks is it allowed. Do you `strip`?"""

import re


def reward_format(answer):
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    in_order = re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer.strip(), re.DOTALL)
    return 1.25 if one_of_each and in_order else -1.0
