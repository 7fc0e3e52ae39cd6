"""Grades a folder of submissions through the real pipeline, and counts what went wrong.

    python -m autograder_tests.bank [--dir DIR] [--json FILE] [-j N]

DIR holds NN_topic/{right,wrong,hostile}/FUNCTION__what.py (or .ipynb, a whole notebook), whose first line says what it shows.
A right one must earn all points, a wrong one must lose some, a hostile one must earn none and leave no trace. A wrong one that
begins with "Equivalent:" is right by another way, and says why. A hostile one whose function is right all the same begins with
"Earns its points:", and must earn them all.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil
from tqdm import tqdm

from autograder_tests.expected import BANK, shows
from labkit.checks import case, key
from labkit.checks.verdict import Verdict
from labkit.config import PACKAGE, Algorithm
from labkit.grading.isolation import FIRST_USER
from labkit.grading.preprocessor import wanted
from labkit.grading.sandbox import Zygote, describe
from labkit.grading.score import EXERCISES, Course, Grader, code_of
from labkit.grading.submission import repaired

ROOT = PACKAGE.parent
KINDS = ("right", "wrong", "hostile")
MARK = "labkit-hostile-mark"  # what hostile submissions try to leave outside their directory
PORT = 8765  # where they try to call
PLACES = (PACKAGE, ROOT, Path(sys.prefix), Path.home(), *map(Path, ("/tmp", "/var/tmp", "/", "/dev/shm", "/etc", "/usr")))


@dataclass
class Result:
    """What the pipeline said of one submission."""

    path: Path
    kind: str
    function: str
    score: float
    seconds: float
    said: str
    problem: str = ""  # "" or what went wrong


@dataclass
class Traces:
    """What hostile submissions left behind while one was being graded."""

    calls: int = 0
    found: list[str] = field(default_factory=list)

    def new(self) -> list[str]:
        """Marks, calls and processes since the last time; marks are removed."""
        found, self.found = self.found, []
        for place in PLACES:
            if (place / MARK).exists():
                found.append(f"wrote {place / MARK}")
                (place / MARK).unlink()
        if self.calls:
            found.append(f"called this machine {self.calls} times")
            self.calls = 0
        return found


@contextmanager
def watched() -> Iterator[Traces]:
    """Listens where hostile submissions call."""
    traces, server = Traces(), socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", PORT))
    server.listen()

    def listen() -> None:
        with suppress(OSError):
            while True:
                server.accept()[0].close()
                traces.calls += 1

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield traces
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def left_processes(zygote: Zygote) -> list[str]:
    """Processes of sandboxes that still run: children of the one that forks them, or those of a sandbox's user."""
    found = []
    for process in psutil.process_iter(["pid", "uids", "cmdline", "status"]):
        with suppress(psutil.NoSuchProcess):
            uids = process.info["uids"]
            if uids and FIRST_USER <= uids.real < FIRST_USER + 10_000_000 and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(f"process {process.pid}")
    children = psutil.Process(zygote.pid).children()
    return found + [
        f"process {p.pid}" for p in children if p.status() != psutil.STATUS_ZOMBIE and f"process {p.pid}" not in found
    ]


@dataclass(frozen=True)
class Submission:
    """One file of a folder, and one graded cell that it is a submission to."""

    path: Path
    kind: str
    release: Path  # the released notebook
    grade_id: str

    @property
    def function(self) -> str:
        return _exercise(self.grade_id)[0]

    def notebook(self, folder: Path) -> str:
        """What would be handed in, repaired: the file, if it is a notebook; else the released one with the file's text in
        place of the function's cell."""
        handed_in = folder / self.release.name
        if self.path.suffix == ".ipynb":
            shutil.copyfile(self.path, handed_in)
        else:
            notebook = nbformat.read(self.release, as_version=4)
            [cell] = [c for c in notebook.cells
                      if c.metadata.get("nbgrader", {}).get("solution") and f"def {self.function}(" in c.source]  # fmt: skip
            cell.source = self.path.read_text(encoding="utf-8", errors="replace")
            nbformat.write(notebook, handed_in)
        return code_of(repaired(handed_in, self.release)[0])


def submissions(folder: Path) -> list[Submission]:
    """Each submission in `folder`. A file whose name does not begin with one of its topic's functions is a submission to those
    that it defines, and to all of them where that cannot be told. Raises SystemExit for a topic that there is not."""
    found = []
    for kind in KINDS:
        for path in sorted(folder.glob(f"*/{kind}/*")):
            if path.suffix not in (".py", ".ipynb"):
                continue
            topic = path.parts[-3]
            releases = sorted((ROOT / "release").glob(f"{topic[:2]}_*/*.ipynb"))
            if len(releases) != 1:
                sys.exit(f"{path}: there is no topic {topic}; a topic's name begins with the number of its notebook, as 03")
            grade_ids = [g for g in wanted(nbformat.read(releases[0], as_version=4)) if EXERCISES[g] is not None]
            named = [g for g in grade_ids if path.stem.partition("__")[0] == _exercise(g)[0]]
            text = path.read_text(encoding="utf-8", errors="replace")
            defined = [g for g in grade_ids if f"def {_exercise(g)[0]}(" in text]
            found += [Submission(path, kind, releases[0], g) for g in named or defined or grade_ids]
    return found


def _exercise(grade_id: str) -> tuple[str, Algorithm]:
    exercise = EXERCISES[grade_id]
    assert exercise is not None, f"{grade_id} is about the record"
    return exercise


def shown(path: Path) -> str:
    """What a submission says that it shows, a notebook in its first cell; strangers' need not say anything."""
    try:
        return "".join(json.loads(path.read_bytes())["cells"][0]["source"]) if path.suffix == ".ipynb" else shows(path)
    except (ValueError, SyntaxError, RecursionError, MemoryError, LookupError, TypeError):
        return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].lstrip("# ")


def grade(grader: Grader, submission: Submission) -> Result:
    exercise, kind, path = key(*_exercise(submission.grade_id)), submission.kind, submission.path
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            verdict = grader.verdict(submission.grade_id, submission.notebook(Path(folder)), Path(folder))
    except Exception as error:  # noqa: BLE001 - whatever it is, a submission should not be able to cause it
        seconds, problem = time.monotonic() - started, f"escape: the grader failed, {type(error).__name__}: {error}"
        return Result(path, kind, exercise, 0, seconds, "", problem)
    result = Result(path, kind, exercise, verdict.score, time.monotonic() - started, _said(verdict))
    equivalent = kind == "wrong" and shown(path).startswith("Equivalent:")
    if kind == "hostile" and shown(path).startswith("Earns its points:"):
        result.problem = "" if verdict.score == 1 else "escape: lost points that it earns"
    elif (kind == "right" or equivalent) and verdict.score < 1:
        result.problem = "false refusal"
    elif kind == "wrong" and not equivalent and verdict.score == 1:
        result.problem = "false acceptance"
    elif kind == "hostile" and verdict.score > 0:
        result.problem = "escape: earned points"
    return result


def _said(verdict: Verdict) -> str:
    """The verdict in a line, with the first case that does not hold: one line of a log has to explain a surprise."""
    failed = next((row for row in verdict.rows if not row.passed), None)
    if failed is None:
        return verdict.title
    gave, expected = case.describe(failed.answer.outcome), case.describe(failed.expected)
    return f"{verdict.title}; first {failed.case.idea!r}: {gave} in place of {expected}"


def run(folder: Path, seed: int, jobs: int = 4, progress: bool = True) -> list[Result]:
    """Grade every submission of `folder`, `jobs` at a time. What is found left behind after some counts against all of them;
    with one job it is clear whose it is."""
    results = []
    with Zygote() as zygote, watched() as traces, ThreadPoolExecutor(jobs) as pool:
        if progress:
            print(f"Submissions run in a sandbox:\n{describe(zygote.protections())}")
        grader, found = Grader(Course(ROOT, seed), zygote), submissions(folder)
        for exercise in {_exercise(submission.grade_id) for submission in found}:
            grader.course.prepare(exercise)
        with tqdm(total=len(found), disable=not progress, unit="submission") as bar:
            some = 1 if jobs == 1 else 16 * jobs
            for start in range(0, len(found), some):
                graded = list(pool.map(lambda submission: grade(grader, submission), found[start : start + some]))
                left = traces.new() + left_processes(zygote)
                if left:
                    for result in graded:
                        result.problem = result.problem or f"escape: {', '.join(left)}"
                results += graded
                bar.update(len(graded))
    return results


def table(results: list[Result]) -> str:
    lines = [f"{'':28}{'right':>7}{'refused':>9}{'wrong':>8}{'accepted':>10}{'hostile':>9}{'escapes':>9}"]
    for function in sorted({r.function for r in results}):
        ours = [r for r in results if r.function == function]
        count = Counter(r.kind for r in ours)
        wrong = Counter(r.kind for r in ours if r.problem)
        lines.append(f"{function:28}{count['right']:>7}{wrong['right']:>9}{count['wrong']:>8}{wrong['wrong']:>10}"
                     f"{count['hostile']:>9}{wrong['hostile']:>9}")  # fmt: skip
    for r in results:
        if r.problem:
            lines.append(f"{r.problem}: {r.path} (score {r.score:.2f})\n    {r.said}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dir", type=Path, default=BANK, help="the folder of submissions")
    parser.add_argument("--json", type=Path, help="write the results there, too")
    parser.add_argument("-j", "--jobs", type=int, default=4, help="submissions at a time; 1 to see which one left what")
    parser.add_argument("--seed", type=int, default=41, help="of the inputs")
    arguments = parser.parse_args()
    results = run(arguments.dir, arguments.seed, arguments.jobs)
    if not results:
        sys.exit(f"{arguments.dir} holds no submission; it should hold NN_topic/right, wrong or hostile, with files in them")
    print(table(results))
    if arguments.json:
        fields = [{"file": str(r.path), "kind": r.kind, "function": r.function, "score": r.score, "seconds": r.seconds,
                   "problem": r.problem, "said": r.said} for r in results]  # fmt: skip
        arguments.json.write_text(json.dumps({"submissions": fields}, indent=1) + "\n")
    sys.exit(any(r.problem for r in results))


if __name__ == "__main__":
    main()
