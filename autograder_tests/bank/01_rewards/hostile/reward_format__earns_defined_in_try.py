"""Earns its points: defined within try, with another definition where a package is missing."""
import re
try:
    import no_such_package
    def reward_format(answer):
        return no_such_package.reward(answer)
except ImportError:
    def reward_format(answer):
        tags = ("<think>", "</think>", "<answer>", "</answer>")
        return 1.25 if all(answer.count(t) == 1 for t in tags) and re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL) else -1.0
