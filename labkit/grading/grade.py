"""A class at a time: score submissions side by side, and let nbgrader write them into one gradebook.

Two steps, each of which can be interrupted and goes on where it was. Scoring is what takes long; it needs no gradebook, and may
be split over machines: `share` picks every n-th submission, and the scores that result are files (`labkit.grading.store`). What
follows is `nbgrader autograde` itself, which finds its scores ready.
"""

from __future__ import annotations

import functools
import io
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import nbgrader.api
import psutil
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGrader
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from tqdm import tqdm
from traitlets.config import Config, PyFileConfigLoader

from labkit.errors import SetupError
from labkit.grading import store, submission
from labkit.grading.isolation import Limits
from labkit.grading.preprocessor import grader_of, wanted
from labkit.grading.score import EXERCISES, Grader

log = logging.getLogger(__name__)

# nbgrader opens the gradebook ten times for each submission, and each time with a new engine, which forgets every query that it
# has compiled. One engine serves them all.
nbgrader.api.create_engine = functools.cache(nbgrader.api.create_engine)


@dataclass(frozen=True)
class Outcome:
    """What became of one submission."""

    student: str
    points: float | None  # by itself; None where only scores were computed
    maximum: float
    remarks: Sequence[str] = ()
    fresh: bool = True  # False: it had not changed since it was graded


@dataclass
class Graded:
    """What became of all."""

    outcomes: list[Outcome] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # student: what nbgrader said


@dataclass(frozen=True)
class Scored:
    """A submission whose scores are ready, and whose copy in the folder `staged` is what nbgrader is to read."""

    student: str
    staged: Path
    remarks: list[str]
    state: str  # of what was handed in, as `ClassOfSubmissions.state` says; "" where the grader itself failed on a part of it
    failure: str = ""  # why nothing of it could be scored


class GradingError(Exception):
    """nbgrader did not grade a submission; says why."""


GRADER = 2 * 2**30  # bytes: this process and the one that forks sandboxes, the largest notebook that is read included


class ClassOfSubmissions:
    """The submissions to one assignment in a course folder."""

    def __init__(self, course: Path, assignment: str, require_sandbox: bool = False) -> None:
        """Raises SetupError where the folder is no course, the assignment is not released, or protections are missing."""
        self.course, self.assignment = course.resolve(), assignment
        if not (self.course / "nbgrader_config.py").is_file():
            raise SetupError(f"{self.course} is no course folder: it has no nbgrader_config.py; go there, or give --course")
        self.app = NbGrader()
        self.app.load_config_file()  # the user's own settings, and those of this folder
        self.app.update_config(PyFileConfigLoader("nbgrader_config.py", str(self.course)).load_config())
        self.app.update_config(Config({"SubmissionExporter": {"staged": True}}))
        self._said = io.StringIO()
        self.app.log.handlers, self.app.log.propagate = [logging.StreamHandler(self._said)], False
        self.app.log.setLevel(logging.ERROR)
        self.directory = CourseDirectory(parent=self.app)
        self.release = self.course / "release" / assignment / f"{assignment}.ipynb"
        if not self.release.is_file():
            names = ", ".join(sorted(p.name for p in (self.course / "release").glob("*/"))) or "nothing"
            raise SetupError(f"release/ has no {assignment}; it has {names}. `make release` writes it")
        self.grader: Grader = grader_of(self.course, require_sandbox)
        self.submitted = self.course / "submitted"

    def check_gradebook(self) -> None:
        """Raises SetupError where the gradebook does not know the assignment."""
        path = self.directory.db_url.removeprefix("sqlite:///")
        known = Path(path).exists() or not self.directory.db_url.startswith("sqlite:")  # opening one that is not makes it
        if known:
            with Gradebook(self.directory.db_url, self.directory.course_id) as book:
                known = self.assignment in {assignment.name for assignment in book.assignments}
        if not known:
            raise SetupError(
                f"{path} has no assignment {self.assignment}; `nbgrader generate_assignment {self.assignment} --force` puts it "
                "there"
            )

    def students(self) -> list[str]:
        """Those who handed in, whatever it was."""
        return sorted(p.parent.name for p in self.submitted.glob(f"*/{self.assignment}") if p.is_dir())

    def most_memory(self, jobs: int) -> int:
        """Bytes that grading takes at most, whatever is handed in: each sandbox has its limit, beside what it shares."""
        limits, shared = Limits(), psutil.Process(self.grader.zygote.pid).memory_info().vms
        return int(GRADER + jobs * (limits.memory + limits.scratch + shared))

    def score(self, students: Sequence[str], jobs: int, anew: bool = False) -> Iterator[Scored]:
        """Have the scores of `students` ready, `jobs` at a time; yields each as it is done."""
        for exercise in wanted(nbformat.read(self.release, as_version=4)):
            if (key := EXERCISES[exercise]) is not None:
                self.grader.course.prepare(key)
        with ThreadPoolExecutor(jobs) as pool, tempfile.TemporaryDirectory(prefix="labkit-staged-") as staged:
            pending = {pool.submit(self._scored, student, Path(staged), anew) for student in students}
            try:
                while pending:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
                        shutil.rmtree(Path(staged, future.result().student), ignore_errors=True)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.grader.zygote.close()  # whoever is being graded stops now
                raise

    def _scored(self, student: str, staged: Path, anew: bool) -> Scored:
        """As `_score`; whatever is the matter with one submission is no matter of the others."""
        try:
            return self._score(student, staged, anew)
        except Exception as error:
            log.exception("%s: could not be read", student)
            return Scored(student, staged, [], "", f"{type(error).__name__}: {error}")

    def _score(self, student: str, staged: Path, anew: bool) -> Scored:
        state, folder = self.state(student), staged / student / self.assignment
        remarks = submission.stage(self.submitted / student / self.assignment, self.assignment, self.release, folder)
        notebook = nbformat.read(folder / f"{self.assignment}.ipynb", as_version=4)
        scores = self.grader.scores(notebook, folder, wanted(notebook), anew)
        failed = [f"The grader failed on `{name}`; grade again, or look at it." for name, s in scores.items() if not s.sound]
        return Scored(student, staged, [*remarks, *failed], "" if failed else state)

    def write(self, scored: Scored) -> Outcome:
        """Let nbgrader grade the staged submission: gradebook and autograded/, as `nbgrader autograde` leaves them.

        Raises GradingError, with what nbgrader said, where it fails.
        """
        directory = CourseDirectory(parent=self.app)
        directory.root = str(self.course)
        directory.submitted_directory = str(scored.staged)
        directory.assignment_id, directory.student_id = self.assignment, scored.student
        converter = Autograde(coursedir=directory, parent=self.app)
        converter.force = True
        self._said.seek(self._said.truncate(0))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)  # nbgrader's own queries
                converter.start()
        except NbGraderException as error:
            raise GradingError(self._said.getvalue().strip() or str(error)) from error
        mark = self._mark(scored.student)
        if scored.state:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(json.dumps({"state": scored.state, "remarks": scored.remarks}), encoding="utf-8")
        else:
            mark.unlink(missing_ok=True)
        return self._outcome(scored.student, scored.remarks)

    def unchanged(self, student: str) -> Outcome | None:
        """What was graded before, where neither the submission nor what judges has changed since; None otherwise."""
        try:
            mark = json.loads(self._mark(student).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        done = self.course / "autograded" / student / self.assignment / f"{self.assignment}.ipynb"
        if mark["state"] != self.state(student) or not done.is_file():
            return None
        try:
            return self._outcome(student, mark["remarks"], fresh=False)
        except MissingEntry:
            return None

    def state(self, student: str) -> str:
        """A digest of all that was handed in, and of what judges it."""
        folder = self.submitted / student / self.assignment
        files = [(str(path.relative_to(folder)), _content(path)) for path in submission.listed(folder)[0]]
        return store.of_text(json.dumps([files, self.grader.course.judged_by, store.of_file(self.release)]))

    def _outcome(self, student: str, remarks: Sequence[str], fresh: bool = True) -> Outcome:
        with Gradebook(self.directory.db_url, self.directory.course_id) as book:
            [notebook] = book.find_submission(self.assignment, student).notebooks
            grades = [grade for grade in notebook.grades if grade.cell.cell_type == "code"]
            points = sum(grade.auto_score or 0.0 for grade in grades)
            return Outcome(student, points, sum(grade.cell.max_score for grade in grades), remarks, fresh)

    def _mark(self, student: str) -> Path:
        return self.grader.course.folder / "graded" / self.assignment / f"{student}.json"


def _content(path: Path) -> str:
    """A digest of a file that was handed in; of one too large to be graded its size and time."""
    status = path.lstat()
    large = status.st_size > submission.MAX_BYTES
    return f"{status.st_size} bytes, {status.st_mtime_ns}" if large else store.of_file(path)


def share_of(students: Sequence[str], share: str) -> list[str]:
    """Every n-th of `students`, beginning with the k-th, for "k/n". Raises SetupError for anything else."""
    first, _, count = share.partition("/")
    if not (first.isdecimal() and count.isdecimal() and 1 <= int(first) <= int(count)):
        raise SetupError(f"a share is k/n, as in 3/10: the third of ten; got {share}")
    return list(students)[int(first) - 1 :: int(count)]


def grade(
    course: Path, assignment: str, *, jobs: int, students: Sequence[str] = (), share: str = "", force: bool = False,
    require_sandbox: bool = False, progress: bool = True,
) -> Graded:  # fmt: skip
    """Grade the submissions to `assignment`, those of `students` where any are named; with a `share`, only score that part.

    Raises SetupError for what keeps grading from beginning. Whatever a submission holds, it is graded.
    """
    submissions = ClassOfSubmissions(course, assignment, require_sandbox)
    everyone = submissions.students()
    if unknown := sorted(set(students) - set(everyone)):
        raise SetupError(f"submitted/ has no {assignment} of {', '.join(unknown)}")
    chosen = sorted(students) or everyone
    if not chosen:
        raise SetupError(f"nothing to grade: {submissions.submitted} holds no */{assignment}")
    result = Graded()
    if share:
        chosen = share_of(chosen, share)
    else:
        submissions.check_gradebook()
        result.outcomes = [o for s in chosen if not force and (o := submissions.unchanged(s)) is not None]
    done = {outcome.student for outcome in result.outcomes}
    if progress:
        print(f"At most {submissions.most_memory(jobs) / 2**30:.1f} GiB of memory, {jobs} submissions at a time")
    left = [student for student in chosen if student not in done]
    for scored in tqdm(submissions.score(left, jobs, force), assignment, len(left), unit="submission", disable=not progress):
        try:
            if scored.failure:
                raise GradingError(scored.failure)
            result.outcomes.append(Outcome(scored.student, None, 0, scored.remarks) if share else submissions.write(scored))
        except (GradingError, OSError) as error:
            result.failed[scored.student] = str(error)
    result.outcomes.sort(key=lambda outcome: outcome.student)
    return result


def summary(graded: Graded) -> str:
    """A few lines: how many, how well, and every submission about which there is something to say."""
    fresh = [o for o in graded.outcomes if o.fresh]
    lines = [f"{len(fresh)} graded, {len(graded.outcomes) - len(fresh)} unchanged since"]
    scored: list[Any] = [o for o in graded.outcomes if o.points is not None]
    if scored and (maximum := scored[0].maximum):
        shares = sorted(o.points / maximum for o in scored)
        bins = [sum(min(int(5 * share), 4) == place for share in shares) for place in range(5)]
        lines += [f"  {20 * n:3} to {20 * n + 20:3} %  {count:4}  {'█' * round(40 * count / len(shares))}"
                  for n, count in enumerate(bins)]  # fmt: skip
    lines += [f"{o.student}: {remark}" for o in graded.outcomes for remark in o.remarks]
    lines += [f"{student}: NOT GRADED: {why}" for student, why in graded.failed.items()]
    return "\n".join(lines)
