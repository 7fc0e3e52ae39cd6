"""Visible checks: `check(reward_format)` says which cases hold and, for those that do not, what the likely mistake is.

The expected outcomes, and those of every mistake that is known by name, are numbers in `expected.json`; a solution is
nowhere in the package. `python -m autograder_tests.expected` writes them anew.
"""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labkit.checks import grpo, ppo_loss, record, rewards, rollout
from labkit.checks.case import Case, answer, derived
from labkit.checks.subject import InProcess, Subject
from labkit.checks.verdict import Expectation, Row, Verdict, diagnose
from labkit.config import PACKAGE, Algorithm
from labkit.errors import FunctionsError, RecordError
from labkit.functions import earlier
from labkit.record import read

__all__ = ["EXPECTED", "cases", "check", "check_record", "judge", "key"]

EXPECTED = PACKAGE / "checks" / "expected.json"
TWO_VALUED = ("reward_format", "reward_correct")
_CASES: dict[str, Callable[[int | None], list[Case]]] = {
    "reward_format": lambda seed: rewards.format_cases(seed),
    "reward_correct": lambda seed: rewards.correct_cases(seed),
    "gen_worker, PPO": lambda seed: rollout.cases("ppo", seed or 0),
    "gen_worker, GRPO": lambda seed: rollout.cases("grpo", seed or 0),
    "PPO_step": lambda seed: ppo_loss.cases(seed),
    "normalize_group_rewards": lambda seed: grpo.cases(seed),
}

LEGENDS = {
    "PPO_step": "A row holds the loss and, in brackets, its gradient along three random directions.",
    "gen_worker, PPO": "Each row shows one aspect of the same seven batches, recorded from the tiny policy. Log-probs of "
    "`score` are shifted on purpose against those of sampling, so that it shows which ones you send; in a run they agree.",
    "gen_worker, GRPO": "Each row shows one aspect of the same seven batches, recorded from the tiny policy.",
}


def check(function: Callable[..., Any], *, algorithm: Algorithm = "ppo") -> Verdict:
    """Try `function`, one of the five of the course by its name, on the visible cases; `algorithm` says which
    `gen_worker` is meant. A notebook shows the verdict as a table; nothing that the function does raises here.

    Raises FunctionsError for a function of another name.
    """
    name = key(getattr(function, "__name__", repr(function)), algorithm)
    return judge(name, InProcess(function), cases(name), _expected()[name])


def check_record(path: str | Path) -> Verdict:
    """The record of a run in the file `path`, as `lab.report()` writes it: is it whole, and does it reach the goal? Its
    rewards are computed again with the two functions in notebook 01, which lies beside this notebook's folder.

    Nothing that is in the file, or in the functions, raises here.
    """
    path = Path(path)
    try:
        written = read(path)
    except RecordError as error:
        return record.without("a record of a run", str(error))
    try:
        reward_format, reward_correct = earlier("reward_format", "reward_correct", folder=path.resolve().parent.parent)
    except FunctionsError as error:
        return record.without("your reward functions", str(error))
    return record.examine(written, reward_format, reward_correct)


def key(name: str, algorithm: Algorithm) -> str:
    """What the exercise is called in `expected.json` and in the tables. Raises FunctionsError for an unknown name."""
    name = f"gen_worker, {algorithm.upper()}" if name == "gen_worker" else name
    if name not in _CASES:
        known = ", ".join(dict.fromkeys(known.partition(",")[0] for known in _CASES))
        raise FunctionsError(f"there is no check for {name}; check one of {known}, under its own name")
    return name


def cases(name: str, seed: int | None = None) -> list[Case]:
    """The cases of an exercise: the visible ones, or others that `seed` decides."""
    return _CASES[name](None if seed is None else derived(seed, name))


def judge(name: str, subject: Subject, cases: list[Case], expectation: Expectation, hidden: bool = False) -> Verdict:
    """The verdict on `subject` after `cases`. `hidden` names the ideas of failed cases in place of the cases, and asks them in
    an order that no one knows, though always in the same one."""
    order = list(range(len(cases)))
    if hidden:
        random.Random(str([case.name for case in cases])).shuffle(order)
    answers = {place: answer(cases[place], subject) for place in order}
    rows = [Row(case, expectation.expected[case.name], answers[place]) for place, case in enumerate(cases)]
    hints = diagnose(rows, expectation)
    return Verdict(name, rows, hints, two_valued=name in TWO_VALUED, hidden=hidden, legend=LEGENDS.get(name, ""))


@functools.cache
def _expected() -> dict[str, Expectation]:
    stored = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return {name: Expectation(entry["expected"], entry["mistakes"]) for name, entry in stored.items()}
