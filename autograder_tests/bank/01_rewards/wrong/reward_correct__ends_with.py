"""You look for the answer as a piece of text; 7 is then found in 17 and in 1.7. Compare numbers."""

import re


def reward_correct(item, answer):
    return 1.0 if re.sub(r"[^\d./-]+\Z", "", answer.replace("</answer>", "")).endswith(item["A"]) else -1.0
