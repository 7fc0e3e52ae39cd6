"""Hidden checks: the kinds of cases that the visible checks have, on other inputs, against the reference functions.

What fails is named by its idea; the case itself stays hidden.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder_tests.expected import reference
from labkit.checks import cases, judge, key, record
from labkit.checks.case import Case, answer
from labkit.checks.subject import InProcess
from labkit.checks.verdict import Expectation, Verdict
from labkit.config import Algorithm
from labkit.errors import RecordError
from labkit.record import read

SEED = 41


def check(function: Callable[..., Any], *, algorithm: Algorithm = "ppo", seed: int = SEED,
          seconds: float | None = None) -> Verdict:  # fmt: skip
    """As `labkit.checks.check`, on cases that `seed` decides; `seconds` for one question, where not the usual ones."""
    name = key(getattr(function, "__name__", repr(function)), algorithm)
    return judge(name, InProcess(function, seconds), *_drawn(name, seed), hidden=True)


@functools.cache
def _drawn(name: str, seed: int) -> tuple[list[Case], Expectation]:
    drawn = cases(name, seed)
    return drawn, Expectation({case.name: answer(case, InProcess(reference()[name])).outcome for case in drawn}, {})


def check_record(path: str | Path) -> Verdict:
    """As `labkit.checks.check_record`, but the rewards are computed again with the reference functions."""
    right = reference()
    try:
        return record.examine(read(Path(path)), right["reward_format"], right["reward_correct"])
    except RecordError as error:
        return record.without("a record of a run", str(error))
