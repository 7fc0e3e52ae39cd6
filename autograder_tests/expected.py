"""Writes `labkit/checks/expected.json`: what the reference functions give on the visible cases, and what each wrong
submission of the bank gives where that differs, under the hint that stands in the submission's first line.

    python -m autograder_tests.expected
"""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labkit import functions
from labkit.checks import EXPECTED, cases, key
from labkit.checks.case import agree, answer
from labkit.checks.subject import Function, InProcess, Outcome
from labkit.cli import REFERENCE
from labkit.config import Algorithm

BANK = Path(__file__).parent / "bank"
DIGITS = 6  # significant ones, of what is stored


@functools.cache
def reference() -> dict[str, Function]:
    """The solutions of the notebooks by exercise, as `labkit.checks.key` names them."""
    found: dict[str, Function] = {}
    for algorithm in ("ppo", "grpo"):
        by_name = functions.load_path(REFERENCE, algorithm).by_name
        found |= {key(name, algorithm): function for name, function in by_name.items()}
    return found


def submissions(kind: str, bank: Path = BANK) -> Iterator[tuple[str, Path]]:
    """(exercise, file) of every submission of a kind: `right`, `wrong`."""
    for path in sorted(bank.glob(f"*/{kind}/*.py")):
        algorithm: Algorithm = "grpo" if path.parts[-3].startswith("04") else "ppo"
        yield key(path.stem.partition("__")[0], algorithm), path


def shows(path: Path) -> str:
    """The first line of a submission: of a wrong one the hint."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not text:
        raise ValueError(f"{path} has no docstring; its first line must say what it shows")
    return text


def outcomes(exercise: str, function: Function) -> dict[str, Outcome]:
    """What `function` gives on each visible case, by the case's name."""
    return {case.name: _rounded(answer(case, InProcess(function)).outcome) for case in cases(exercise)}


def expected() -> dict[str, Any]:
    """The content of `expected.json`."""
    data = {exercise: {"expected": outcomes(exercise, function), "mistakes": {}} for exercise, function in reference().items()}
    for exercise, path in submissions("wrong"):
        right = data[exercise]["expected"]
        found = outcomes(exercise, functions.load_function(path, exercise.partition(",")[0]))
        differing = {name: outcome for name, outcome in found.items() if not agree(outcome, right[name])}
        data[exercise]["mistakes"].setdefault(shows(path), []).append(differing)
    return data


def _rounded(outcome: Outcome) -> Outcome:
    if isinstance(outcome, list):
        return [_rounded(part) for part in outcome]
    return float(f"{outcome:.{DIGITS}g}") if isinstance(outcome, float) else outcome


def main() -> None:
    data = expected()
    lines = [f"{json.dumps(exercise)}: {json.dumps(entry, ensure_ascii=False)}" for exercise, entry in data.items()]
    EXPECTED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    for exercise, entry in data.items():
        print(f"{exercise}: {len(entry['expected'])} cases, {len(entry['mistakes'])} mistakes")


if __name__ == "__main__":
    main()
