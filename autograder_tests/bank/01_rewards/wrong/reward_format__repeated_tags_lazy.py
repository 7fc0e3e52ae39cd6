"""Tags that occur twice pass: `.*` runs over further tags. Each of the four may occur only once in the whole text."""

import re


def reward_format(answer):
    return 1.25 if re.match(r"^<think>.*?</think>\s*<answer>.*?</answer>\Z", answer, re.DOTALL) else -1.0
