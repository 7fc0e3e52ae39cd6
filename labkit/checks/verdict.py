"""From answers to a verdict: which cases hold, which known mistake the failures look like, and a table that says so."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from labkit.checks.case import Answer, Case, agree, contrast, describe
from labkit.checks.subject import Outcome

PASSED, FAILED = "✓", "✗"
MOST_SHOWN = 15  # rows that fail, or hold, before they are folded away
MOST_HINTS = 3
LEAST_SHARE = 0.1  # of the rows that are not explained yet: a hint that explains fewer is a coincidence
OTHERWISE = 0.25
NOT_WRITTEN = "raises NotImplementedError"


@dataclass(frozen=True)
class Expectation:
    """What a right function gives on each case, by its name, and what each known mistake gives where that differs.

    A mistake's key is its hint: the sentence that a student should read who made it. It has one entry for each way in which
    the mistake has been seen.
    """

    expected: Mapping[str, Outcome]
    mistakes: Mapping[str, Sequence[Mapping[str, Outcome]]]


@dataclass(frozen=True)
class Row:
    """One case of the table."""

    case: Case
    expected: Outcome
    answer: Answer

    @property
    def passed(self) -> bool:
        return agree(self.answer.outcome, self.expected)


@dataclass(frozen=True)
class Verdict:
    """What a check found. A notebook shows it as a table; `points` turns it into a grade."""

    function: str
    rows: Sequence[Row]
    hints: Mapping[str, Sequence[str]]  # hint: the names of the failed cases that it explains
    two_valued: bool = False
    hidden: bool = False  # name the idea of a failed case, not the case
    legend: str = ""  # what the numbers of the table are

    @property
    def passed(self) -> bool:
        return all(row.passed for row in self.rows)

    @property
    def score(self) -> float:
        """Share of the ideas of which all cases hold, 0 .. 1; 0 where none of those holds that are the substance.

        Where there are only two answers, as with a reward, a constant one would earn half of that: then it is twice the
        mean share over both answers, less one, and never below 0 (Youden 1950).
        """
        holds = self._by_idea()
        if self._without_substance():
            return 0.0
        if not self.two_valued:
            return fmean(holds.values())
        answers = {row.case.idea: describe(row.expected) for row in self.rows}
        shares = [fmean(good for idea, good in holds.items() if answers[idea] == kind) for kind in set(answers.values())]
        return max(0.0, 2 * fmean(shares) - 1)

    def _without_substance(self) -> bool:
        ideas = {row.case.idea for row in self.rows if row.case.substance}
        return bool(ideas) and not any(good for idea, good in self._by_idea().items() if idea in ideas)

    def _by_idea(self) -> dict[str, bool]:
        """Each idea, and whether all of its cases hold."""
        holds: dict[str, bool] = {}
        for row in self.rows:
            holds[row.case.idea] = holds.get(row.case.idea, True) and row.passed
        return holds

    def points(self, maximum: float) -> float:
        """Show the table; returns `score` of `maximum` points, rounded to a tenth: what nbgrader takes as partial credit."""
        show(self)
        return round(maximum * self.score, 1)

    # --- how it looks

    @property
    def title(self) -> str:
        right, total = sum(row.passed for row in self.rows), len(self.rows)
        if self.passed:
            return f"{PASSED} {self.function}: all {total} cases hold"
        if all(row.answer.outcome == NOT_WRITTEN for row in self.rows):
            return f"○ {self.function} is not written yet: it still raises NotImplementedError"
        return f"{FAILED} {self.function}: {right} of {total} cases hold"

    def _untouched(self) -> bool:
        return all(row.answer.outcome == NOT_WRITTEN for row in self.rows)

    def _remarks(self) -> list[str]:
        """What stands below the table: hints, the first error, why there are no points, what the numbers are, prints."""
        remarks = [f"{hint} ({_some(names)})" if not self.hidden else hint for hint, names in self.hints.items()]
        failed = [row for row in self.rows if not row.passed]
        errors = [row for row in failed if row.answer.error]
        if errors and not self.hidden:
            remarks.append(f"The error in {_short(errors[0].case.name)}:\n{errors[0].answer.error}")
        constant = _constant(self.rows)
        if constant is not None and not self.hidden:
            remarks.append(
                f"Your function gives {describe(constant)} in every case. Does an `except` hide an error? Is a number compared "
                f"with a text, or is there a slip in a pattern? Print what you look at in {_short(failed[0].case.name)}."
            )
        if self.hidden:
            said = dict.fromkeys(row.answer.outcome for row in failed if isinstance(row.answer.outcome, str))
            remarks += [f"There, your function: {outcome}" for outcome in list(said)[:3]]
        if self._without_substance():
            named = [row.case.idea if self.hidden else _short(row.case.name) for row in self.rows if row.case.substance]
            remarks.append(f"No points yet: they begin with {' or '.join(dict.fromkeys(named))}.")
        elif failed and self.two_valued and self.score == 0:
            kinds = " and ".join(dict.fromkeys(describe(row.expected) for row in self.rows))
            remarks.append(f"No points yet: one value for all would hold in half of the cases. Get both {kinds} right.")
        if failed and self.legend and not self.hidden:
            remarks.append(self.legend)
        printed = next((row.answer.printed for row in self.rows if row.answer.printed), "")
        return [*remarks, f"Your function printed:\n{printed[:500].rstrip()}"] if printed and not self.hidden else remarks

    def _cells(self) -> list[tuple[str, str, str, str]]:
        """(mark, case, expected, yours) of each row."""
        if self.hidden:
            return [(PASSED if good else FAILED, idea, "", "") for idea, good in self._by_idea().items()]
        return [(PASSED, row.case.name, describe(row.expected), describe(row.answer.outcome)) if row.passed
                else (FAILED, row.case.name, *contrast(row.expected, row.answer.outcome)) for row in self.rows]  # fmt: skip

    def __str__(self) -> str:
        if self._untouched():
            return self.title
        width = max(len(name) for _, name, _, _ in self._cells())
        lines = [f"  {mark} {name:<{width}}  " + (f"expected {expected}, yours {found}" if mark == FAILED and expected else "")
                 for mark, name, expected, found in self._cells()]  # fmt: skip
        return "\n".join([self.title, *(line.rstrip() for line in lines), *(f"→ {remark}" for remark in self._remarks())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        title = f"<b>{html.escape(self.title)}</b>"
        if self._untouched():
            return title
        style = "text-align:left;white-space:pre-wrap;vertical-align:top"
        head = "" if self.hidden else "".join(f"<th style='{style}'>{name}</th>" for name in ("", "case", "expected", "yours"))
        rows: dict[str, list[str]] = {FAILED: [], PASSED: []}
        for mark, *cells in self._cells():
            colour = "#009e73" if mark == PASSED else "#d55e00"
            shown = cells if mark == FAILED or not self.hidden else cells[:1]
            row = "".join(f"<td style='{style}'>{html.escape(cell)}</td>" for cell in shown)
            rows[mark].append(f"<tr><td style='{style};color:{colour};font-weight:bold'>{mark}</td>{row}</tr>")

        def table(found: Sequence[str]) -> str:
            return f"<table>{f'<tr>{head}</tr>' if head else ''}{''.join(found)}</table>" if found else ""

        def folded(what: str, found: Sequence[str]) -> str:
            return f"<details><summary>{len(found)} {what}</summary>{table(found)}</details>" if found else ""

        failed, more, passed = rows[FAILED][:MOST_SHOWN], rows[FAILED][MOST_SHOWN:], rows[PASSED]
        failing = table(failed) + folded("more that fail", more)
        passing = table(passed) if len(passed) <= MOST_SHOWN else folded("that hold", passed)
        wrap = "white-space:pre-wrap;max-width:60em"
        remarks = "".join(f"<p style='{wrap}'>→ {html.escape(text)}</p>" for text in self._remarks())
        return f"{title}{failing}{remarks}{passing}"


def diagnose(rows: Sequence[Row], expectation: Expectation) -> dict[str, list[str]]:
    """The known mistakes that the failed rows look like: hint, and the names of the rows that it explains.

    A mistake explains a row where it gives what the function gave. A row that holds, though the mistake would change it,
    contradicts it; one that fails in another way does so by `OTHERWISE`, for mistakes come together. First comes the one that
    explains most, contradicted least; then what explains the rows that are left; as long as it explains more than contradicts
    it, and `LEAST_SHARE` of them. Where the function gives one number in all rows, or raises in most, that tells no mistake
    from another: then none is named.
    """
    answers = {row.case.name: row for row in rows}
    left = {row.case.name for row in rows if not row.passed and row.answer.outcome != NOT_WRITTEN}
    if _constant(rows) is not None:
        return {}
    ways: list[tuple[str, set[str], dict[str, float]]] = []  # hint; rows that it explains; what contradicts it, by row
    for hint, all_ways in expectation.mistakes.items():
        for way in all_ways:
            seen = {name for name, outcome in way.items() if agree(answers[name].answer.outcome, outcome)}
            if len(seen) <= len(rows) / 2 or not all(_raises(answers[name]) for name in seen):
                ways.append((hint, seen & left, {n: 1.0 if answers[n].passed else OTHERWISE for n in way.keys() - seen}))
    found: dict[str, list[str]] = {}
    told: set[str] = set()
    while left and len(found) < MOST_HINTS:
        fits = []  # share that is explained, number of rows, index
        for n, (_, seen, against) in enumerate(ways):
            explains, contradicts = len(seen & left), sum(against[name] for name in against.keys() - told)
            if explains > contradicts and explains >= LEAST_SHARE * len(left):
                fits.append((explains / (len(left) + contradicts), explains, n))
        if not fits:
            break
        best = max(fit[:2] for fit in fits)
        alike = [ways[n] for *fit, n in fits if tuple(fit) == best]
        names = alike[0][1] & left  # of several that fit as well, those that explain the same
        for hint in dict.fromkeys(hint for hint, seen, _ in alike if seen & left == names):
            found[hint] = [row.case.name for row in rows if row.case.name in names]
        left, told = left - names, told | names
    return found


def _raises(row: Row) -> bool:
    return isinstance(row.answer.outcome, str) and row.answer.outcome.startswith("raises ")


def _constant(rows: Sequence[Row]) -> float | None:
    """The number that the function gives in every row, though another one is expected in some."""
    first = rows[0].answer.outcome
    if not isinstance(first, float) or any(row.answer.outcome != first for row in rows) or all(row.passed for row in rows):
        return None
    return first


def _some(names: Sequence[str], most: int = 3) -> str:
    parts = list(dict.fromkeys(map(_short, names)))
    more = f", and {len(parts) - most} more" if len(parts) > most else ""
    return f"seen in: {', '.join(parts[:most])}{more}"


def _short(name: str) -> str:
    """The name of a case in quotes, without the text that it is about."""
    return f"“{name.partition(':')[0]}”"


def show(verdict: Verdict) -> None:
    """Display the table in a notebook, print it elsewhere."""
    try:
        from IPython import get_ipython
    except ImportError:
        get_ipython = lambda: None  # noqa: E731
    if get_ipython() is None:
        print(verdict)
        return
    from IPython.display import display

    display(verdict)
