"""From a submission to points: its functions in a sandbox, the cases and what is expected of them here.

The inputs are drawn from the course's own seed, which no student knows; what is expected is what the solutions in `source/`
give on them.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.utils import is_locked

from labkit import functions
from labkit.checks import cases, judge, key, record
from labkit.checks.case import Answer, Case, answer
from labkit.checks.subject import Function, InProcess, Raised
from labkit.checks.verdict import Expectation, Row, Verdict
from labkit.config import PACKAGE, Algorithm
from labkit.errors import RecordError
from labkit.grading.sandbox import Sandbox, Zygote, plain
from labkit.grading.store import Score, Store, digest, of_file, of_text
from labkit.grading.submission import NOTE, one_at_a_time
from labkit.record import read

log = logging.getLogger(__name__)
RECORD = "record.json"
MOST_CODE = 4_000_000  # characters
# Each graded cell by its grade_id: the function that it is about and, for gen_worker, the algorithm; None is the record.
EXERCISES: Mapping[str, tuple[str, Algorithm] | None] = {
    "reward_format_check": ("reward_format", "ppo"),
    "reward_correct_check": ("reward_correct", "ppo"),
    "gen_worker_check": ("gen_worker", "ppo"),
    "PPO_step_check": ("PPO_step", "ppo"),
    "normalize_group_rewards_check": ("normalize_group_rewards", "grpo"),
    "gen_worker_grpo_check": ("gen_worker", "grpo"),
    "report_check": None,
}


@dataclass(frozen=True)
class Course:
    """A course folder: solutions in `source/`, and the seed that is kept for it."""

    root: Path
    fixed_seed: int | None = None  # in place of the course's own, for tests

    @functools.cached_property
    def seed(self) -> int:
        """Drawn once for the course, and readable for its owner alone."""
        if self.fixed_seed is not None:
            return self.fixed_seed
        path = self.folder / "seed"
        if not path.exists():
            fresh = path.with_name(f"seed-{os.getpid()}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"{secrets.randbits(63)}\n")
            with contextlib.suppress(FileExistsError):  # another process was faster: its seed holds
                os.link(fresh, path)
            fresh.unlink()
        return int(path.read_text())

    @functools.cached_property
    def folder(self) -> Path:
        """What grading keeps, in `.grading/`: the seed, scores, what was graded."""
        folder = self.root / ".grading"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @functools.cached_property
    def judged_by(self) -> str:
        """A digest of what decides scores, beside a submission: the seed, solutions and the code that judges."""
        judging = [p for folder in (PACKAGE, PACKAGE / "checks", PACKAGE / "grading") for p in folder.iterdir() if p.is_file()]
        files = [*sorted((self.root / "source").glob("*/*.ipynb")), *sorted(judging)]
        return of_text("".join([str(self.seed), *map(of_file, files)]))

    @functools.cached_property
    def solutions(self) -> dict[str, Function]:
        """The solutions by exercise, as `labkit.checks.key` names them. Raises FunctionsError where one is missing."""
        found: dict[str, Function] = {}
        for algorithm in ("ppo", "grpo"):
            by_name = functions.load_path(self.root / "source", algorithm).by_name
            found |= {key(name, algorithm): function for name, function in by_name.items()}
        return found

    def cases(self, exercise: str) -> list[Case]:
        return self._cases(exercise)[0]

    def expectation(self, exercise: str) -> Expectation:
        return self._cases(exercise)[1]

    def prepare(self, exercise: tuple[str, Algorithm]) -> None:
        """Have the cases of an exercise ready. Needed before threads ask for them: a solution's prints are caught meanwhile."""
        self._cases(key(*exercise))

    @functools.cache  # noqa: B019 - a course lives as long as the process that grades it
    def _cases(self, exercise: str) -> tuple[list[Case], Expectation]:
        drawn = cases(exercise, self.seed)
        solution = InProcess(self.solutions[exercise])
        return drawn, Expectation({case.name: answer(case, solution).outcome for case in drawn}, {})


class Grader:
    """Grades notebooks of one course; keeps one `Zygote`. A verdict comes for every submission, whatever it does."""

    def __init__(self, course: Course, zygote: Zygote) -> None:
        self.course, self.zygote = course, zygote
        self.store = Store(course.folder / "scores")

    def scores(self, notebook: NotebookNode, folder: Path, wanted: Sequence[str], anew: bool = False) -> dict[str, Score]:
        """The scores of the graded cells in `wanted`; those that are kept, unless `anew`. `folder` holds what was handed in
        beside the notebook."""
        text = code_of(notebook)
        name = digest(text, folder / RECORD, wanted, self.course.judged_by)
        kept = None if anew else self.store.get(name)
        if kept is None:
            kept = {grade_id: self._score(grade_id, text, folder) for grade_id in wanted}
            if all(score.sound for score in kept.values()):
                self.store.put(name, kept)
        return kept

    def _score(self, grade_id: str, text: str, folder: Path) -> Score:
        """The score of a graded cell. Where the grader itself fails, all others are graded still."""
        sound = True
        try:
            verdict = self.verdict(grade_id, text, folder)
        except Exception as error:
            log.exception("%s of %s: the grader failed, this one counts as 0; look at it by hand", grade_id, folder)
            why = f"the grader failed: {type(error).__name__}; ask your instructor to look at it"
            exercise = EXERCISES[grade_id]
            verdict, sound = unanswered(key(*exercise) if exercise else RECORD, why), False
        return Score(verdict.score, str(verdict), verdict._repr_html_(), sound)

    def verdict(self, grade_id: str, text: str, folder: Path) -> Verdict:
        """The verdict on the graded cell `grade_id` of the notebook `text`; `folder` is where the record lies."""
        exercise = EXERCISES[grade_id]
        if exercise is None:
            return self._record(folder / RECORD)
        if len(text) > MOST_CODE:
            return unanswered(
                key(*exercise), f"the notebook has {len(text):,} characters of code; at most {MOST_CODE:,} are read"
            )
        name, algorithm = exercise
        full = key(name, algorithm)
        with Sandbox(self.zygote) as sandbox:
            try:
                sandbox.load(name, text, f"{grade_id}.ipynb")
            except Raised as raised:
                return unanswered(full, raised.outcome)
            return judge(full, sandbox.function(name), self.course.cases(full), self.course.expectation(full), hidden=True)

    def _record(self, path: Path) -> Verdict:
        try:
            with one_at_a_time:
                written = read(path)
        except RecordError as error:
            return record.without("a record of a run", plain(str(error)))
        return record.examine(written, self.course.solutions["reward_format"], self.course.solutions["reward_correct"])


def code_of(notebook: NotebookNode) -> str:
    """The notebook with no more than a sandbox needs, as a file: the text of the cells that a student may write in. Cells keep
    their numbers, without the note from grading."""
    cells = [{"cell_type": cell.cell_type, "metadata": {"tags": ["live"] if "live" in cell.metadata.get("tags", ()) else []},
              "source": cell.source if cell.cell_type == "code" and not is_locked(cell) else ""}
             for cell in notebook.cells if NOTE not in cell.metadata.get("tags", ())]  # fmt: skip
    return json.dumps({"cells": cells, "nbformat": 4})


def unanswered(exercise: str, why: str) -> Verdict:
    """The verdict on a function that could not be asked anything."""
    case = Case("can be asked", why, lambda subject: "")
    return Verdict(exercise, [Row(case, "an answer", Answer(why))], {}, hidden=True)
