"""You allow white space inside the tags: `</think >` is not the tag `</think>`."""

import re


def reward_format(answer: str) -> float:
    body = r"(?:(?!</?think\s*>|</?answer\s*>).)*"
    pattern = rf"<think\s*>{body}</think\s*>\s*<answer\s*>{body}</answer\s*>"
    return 1.25 if re.fullmatch(pattern, answer, re.DOTALL) else -1.0
