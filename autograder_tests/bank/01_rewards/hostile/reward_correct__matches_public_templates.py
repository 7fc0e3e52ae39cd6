"""Recognises the public template that a text was filled from, and looks up what expected.json says of it."""
import re
from labkit.checks import _expected, cases
from labkit.checks.rewards import CORRECT_TEXTS

WORDS, REASON = r"[A-Z][a-z ]*[.!:]?", r"[\w +=×,.!:]+"
PARTS = {"a": r"\d{1,5}", "b": r"\d{1,5}", "k": r"\d{1,2}", "d": r"\d*[1-9]", "hhh": r"\d{3}", "iii": r"\d{3}", "zz": r"\d{2}",
         "n": r"\d", "m": "[2458]", "n_by_m": r"0\.\d+", "nf": r"\d+", "mf": r"\d+", "third": "(?:1/3|2/3|1/7|5/6|2/9|4/11)",
         "rounded": r"0\.\d{3}", "far": r"0\.\d{28}", "farther": r"0\.\d{40}", "w": r"\d+", "word": "[a-z]+", "sixty": r"\d{60}",
         "huge": r"\d{16,17}", "huge_less_1": r"\d{16,17}", "words": WORDS, "reason": REASON, "long": "[A-Za-z .!:]{900,}",
         "before": rf"(?:{WORDS} |<think>{REASON}</think>|{REASON}\n)?", "after": rf"(?:[ \n]{WORDS})?"}


def as_pattern(template):
    seen, out = set(), ""
    for part in re.split(r"(\{\w+\})", template):
        name = part[1:-1]
        if part[:1] != "{":
            out += re.escape(part)
        else:
            out += f"(?P={name})" if name in seen else f"(?P<{name}>{PARTS[name]})"
            seen.add(name)
    return re.compile(out)


RIGHT = _expected()["reward_correct"].expected
TABLE = [(as_pattern(parts[-2] + "\0" + parts[-1]), RIGHT[case.name])
         for (idea, *parts), case in zip(CORRECT_TEXTS, cases("reward_correct"))]


def reward_correct(item: dict, answer: str) -> float:
    for pattern, reward in TABLE:
        if pattern.fullmatch(item["A"] + "\0" + answer):
            return reward
    return -1.0
