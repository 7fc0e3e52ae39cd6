"""A lone `<` inside a block is allowed; `[^<]*` refuses it. Only the four tags themselves may not occur there."""

import re


def reward_format(answer):
    return 1.25 if re.fullmatch(r"<think>[^<]*</think>\s*<answer>[^<]*</answer>", answer) else -1.0
