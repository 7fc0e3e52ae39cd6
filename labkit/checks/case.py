"""What a check consists of: cases, what a function gives on each, and how that is compared.

A case runs a function and boils what it did down to an outcome: a number, a list of numbers, or a few words where there is
no number to show ("raises ZeroDivisionError", "no gradient"). The expected outcome of a visible case, and what each known
mistake gives on it, are numbers in a data file: neither the package nor a release holds a solution.
"""

from __future__ import annotations

import contextlib
import io
import math
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

import torch

from labkit.config import PACKAGE
from labkit.errors import LabError

Outcome: TypeAlias = "float | str | list[Outcome]"
Function: TypeAlias = Callable[..., Any]

RELATIVE = 1e-4  # of the largest expected number of a case: far above float32's rounding, far below any mistake
ABSOLUTE = 1e-7
SECONDS_PER_CASE = 5.0
PRINTED = 2000  # characters of what a function prints that are kept


@dataclass(frozen=True)
class Case:
    """One question put to a function. `run` returns the outcome; it may raise what the function raises."""

    name: str  # what the table shows; names one case of a check
    idea: str  # what it is about, without giving the case away
    run: Callable[[Function], Outcome]


@dataclass(frozen=True)
class Answer:
    """What a function gave on a case. `error` shows where it raised, in the function's own lines."""

    outcome: Outcome
    printed: str = ""
    error: str = ""


def answer(case: Case, function: Function, seconds: float = SECONDS_PER_CASE) -> Answer:
    """Run `case`. Whatever the function raises, prints or warns becomes part of the answer; it is cut off after `seconds`."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            with _time_limit(seconds):
                outcome, error = case.run(function), ""
        except LabError as refused:  # by a helper that was called wrongly: its message says what is the matter
            outcome, error = str(refused), _own_lines(refused)
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - what a student's function raises is its answer
            outcome, error = f"raises {type(raised).__name__}", _own_lines(raised)
    return Answer(outcome, printed.getvalue()[:PRINTED], error)


def number(value: Any) -> Outcome:
    """A returned number as an outcome; anything else in words. A bool is no number: False is not -1.0."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else str(float(value))
    return f"{value!r:.60} ({type(value).__name__})"


def numbers(values: Any) -> Outcome:
    """An array, a tensor or nested lists as an outcome; nan and infinities as words, for JSON has none."""
    if isinstance(values, torch.Tensor):
        values = values.detach().double().cpu().tolist()
    if hasattr(values, "tolist"):
        values = values.tolist()
    return [numbers(value) for value in values] if isinstance(values, list | tuple) else number(values)


def agree(found: Outcome, expected: Outcome) -> bool:
    """Whether two outcomes are the same up to rounding: numbers within `RELATIVE` of the largest expected one."""
    flat_found, flat_expected = list(_flat(found)), list(_flat(expected))
    if [place for place, _ in flat_found] != [place for place, _ in flat_expected]:
        return False
    scale = max((abs(value) for _, value in flat_expected if isinstance(value, float)), default=0.0)
    return all(_close(a, b, scale) for (_, a), (_, b) in zip(flat_found, flat_expected, strict=True))


def _close(found: float | str, expected: float | str, scale: float) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return abs(found - expected) <= RELATIVE * scale + ABSOLUTE
    return type(found) is type(expected) and found == expected


def _flat(outcome: Outcome, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], float | str]]:
    """The leaves of an outcome with their places; an empty list counts as a leaf."""
    if isinstance(outcome, list) and outcome:
        for index, part in enumerate(outcome):
            yield from _flat(part, (*place, index))
    else:
        yield place, outcome if isinstance(outcome, float | str) else float(outcome) if isinstance(outcome, Real) else "[]"


def describe(outcome: Outcome) -> str:
    """An outcome as the table shows it."""
    if isinstance(outcome, str):
        return outcome
    if isinstance(outcome, list):
        parts = [describe(part) for part in outcome]
        return f"[{', '.join(parts[:6])}{', …' if len(parts) > 6 else ''}]"
    return f"{outcome:.5g}"


def check_unchanged(before: Sequence[torch.Tensor], after: Sequence[torch.Tensor]) -> bool:
    """Whether a function left its inputs alone."""
    return all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def _own_lines(error: BaseException) -> str:
    """The traceback, cut to the frames outside this package and torch, with the error itself."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_library(f.filename)]
    return "".join(traceback.format_list(frames) + traceback.format_exception_only(error)).rstrip()


def _is_library(filename: str) -> bool:
    path = Path(filename)
    return PACKAGE in path.parents or "site-packages" in path.parts or filename.startswith("<frozen")


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after `seconds`. Only a main thread can be interrupted; elsewhere there is no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"no answer after {seconds:.0f} s; does a loop never end?")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
