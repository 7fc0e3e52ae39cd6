"""What a check consists of: cases, what a subject answers on each, and how that is compared.

A case questions a subject and boils the answers down to an outcome: a number, a list of numbers, or a few words where there
is no number to show ("raises ZeroDivisionError", "no gradient"). The expected outcome of a visible case, and what each known
mistake gives on it, are numbers in a data file: neither the package nor a release holds a solution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Real

from labkit.checks.subject import Outcome, Raised, Subject

RELATIVE = 1e-4  # of the largest expected number of a case: far above float32's rounding, far below any mistake
ABSOLUTE = 1e-7
PARTS_SHOWN, LISTS_SHOWN = 6, 3  # in a table, of a list: numbers; lists
LONG = 120  # characters of an outcome, from which on the first difference is shown in its place


@dataclass(frozen=True)
class Case:
    """Some questions to a subject. `run` returns the outcome; it raises Raised where the subject does."""

    name: str  # what the table shows; names one case of a check
    idea: str  # what it is about, without giving the case away
    run: Callable[[Subject], Outcome]
    substance: bool = False  # of cases that have it, one must hold, or nothing else counts


@dataclass(frozen=True)
class Answer:
    """What a subject gave on a case. `error` shows where it raised, in the function's own lines."""

    outcome: Outcome
    printed: str = ""
    error: str = ""


def derived(seed: int, purpose: str) -> int:
    """A seed of its own for each purpose, one that leads back to no other: draws tell the seed that made them (MT19937 can be
    turned round), and some are shown to whoever is examined."""
    return int.from_bytes(hashlib.blake2b(f"{purpose} {seed}".encode(), digest_size=8).digest()) // 2


def answer(case: Case, subject: Subject) -> Answer:
    """Run `case`. Whatever the subject raises becomes part of the answer."""
    try:
        outcome, error = case.run(subject), ""
    except Raised as raised:
        outcome, error = raised.outcome, raised.lines
    return Answer(outcome, subject.printed, error)


def agree(found: Outcome, expected: Outcome) -> bool:
    """Whether two outcomes are the same up to rounding: numbers within `RELATIVE` of the largest expected one."""
    return _alike(found, expected, _scale(expected))


def _scale(expected: Outcome) -> float:
    return max((abs(value) for _, value in _flat(expected) if isinstance(value, float)), default=0.0)


def _alike(found: Outcome, expected: Outcome, scale: float) -> bool:
    flat_found, flat_expected = list(_flat(found)), list(_flat(expected))
    if [place for place, _ in flat_found] != [place for place, _ in flat_expected]:
        return False
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
    """An outcome as the table shows it: of nested lists the first parts."""
    if isinstance(outcome, str):
        return outcome
    if isinstance(outcome, list):
        most = LISTS_SHOWN if any(isinstance(part, list) for part in outcome) else PARTS_SHOWN
        parts = [describe(part) for part in outcome]
        return f"[{', '.join(parts[:most])}{', …' if len(parts) > most else ''}]"
    return f"{outcome:.5g}"


def contrast(expected: Outcome, found: Outcome) -> tuple[str, str]:
    """Two outcomes that differ, as the table shows them. Of long nested lists the place of the first difference leads: `[1][0]`
    is the first part of the second."""
    shown = describe(expected), describe(found)
    if max(map(len, shown)) <= LONG or not (isinstance(expected, list) and isinstance(found, list)):
        return shown
    place = ""
    scale = _scale(expected)
    while isinstance(expected, list) and isinstance(found, list):
        pairs = zip(expected, found, strict=False)
        differing = (n for n, (a, b) in enumerate(pairs) if not _alike(b, a, scale))
        first = next(differing, min(len(expected), len(found)))
        if first == len(expected) or first == len(found):
            return f"{place or 'the whole'}: {len(expected)} parts", f"{place or 'the whole'}: {len(found)} parts"
        place, expected, found = f"{place}[{first}]", expected[first], found[first]
    return f"{place}: {describe(expected)}", f"{place}: {describe(found)}"
