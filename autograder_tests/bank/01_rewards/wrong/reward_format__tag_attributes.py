"""You allow more inside a tag, `<answer id=\"1\">`: only the four tags as they stand in the text count."""

import re

def reward_format(answer: str) -> float:
    pat = r"<think[^>]*>((?!</?think>|</?answer>).)*</think>\s*<answer[^>]*>((?!</?think>|</?answer>).)*</answer>"
    return 1.25 if re.fullmatch(pat, answer, re.DOTALL) else -1.0
