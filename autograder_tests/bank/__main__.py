"""Grades a folder of submissions through the real pipeline, and counts what went wrong.

    python -m autograder_tests.bank [--dir DIR] [--json FILE]

DIR holds NN_topic/{right,wrong,hostile}/FUNCTION__what.py, one small file each, whose first line says what it shows. A right
one must earn all points, a wrong one must lose some, a hostile one must earn none and leave no trace: its functions do nothing.
A wrong one whose first line begins with "Equivalent:" is right by another way, and says why.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil
from tqdm import tqdm

from autograder_tests.expected import BANK, shows
from labkit.checks import key
from labkit.config import PACKAGE
from labkit.grading.isolation import FIRST_USER
from labkit.grading.sandbox import Zygote, describe
from labkit.grading.score import EXERCISES, Course, Grader

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


def notebook_with(path: Path, function: str, topic: str) -> str:
    """The released notebook of a topic, with the submission's text in place of the function's cell."""
    [released] = sorted((ROOT / "release").glob(f"{topic[:2]}_*/*.ipynb"))
    notebook = nbformat.read(released, as_version=4)
    wanted = f"def {function}("
    [cell] = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution") and wanted in c.source]
    cell.source = path.read_text(encoding="utf-8")
    text: str = nbformat.writes(notebook)
    return text


def submissions(folder: Path) -> list[tuple[Path, str, str, str]]:
    """(file, topic, kind, function) of each submission in `folder`."""
    found = []
    for kind in KINDS:
        for path in sorted(folder.glob(f"*/{kind}/*.py")):
            found.append((path, path.parts[-3], kind, path.stem.partition("__")[0]))
    return found


def grade(grader: Grader, path: Path, topic: str, kind: str, function: str) -> Result:
    algorithm = "grpo" if topic.startswith("04") else "ppo"
    exercise = key(function, algorithm)
    grade_id = next(g for g, e in EXERCISES.items() if e is not None and key(*e) == exercise)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as nothing:
        verdict = grader.verdicts(notebook_with(path, function, topic), Path(nothing), [grade_id])[grade_id]
    result = Result(path, kind, exercise, verdict.score, time.monotonic() - started, verdict.title)
    equivalent = kind == "wrong" and shows(path).startswith("Equivalent:")
    if (kind == "right" or equivalent) and verdict.score < 1:
        result.problem = "false refusal"
    elif kind == "wrong" and not equivalent and verdict.score == 1:
        result.problem = "false acceptance"
    elif kind == "hostile" and verdict.score > 0:
        result.problem = "escape: earned points"
    return result


def run(folder: Path, seed: int, progress: bool = True) -> list[Result]:
    """Grade every submission of `folder`."""
    results = []
    with Zygote() as zygote, watched() as traces:
        if progress:
            print(f"Submissions run in a sandbox:\n{describe(zygote.protections())}")
        grader = Grader(Course(ROOT, seed), zygote)
        for path, topic, kind, function in tqdm(submissions(folder), disable=not progress, unit="submission"):
            result = grade(grader, path, topic, kind, function)
            if kind == "hostile":
                left = traces.new() + left_processes(zygote)
                result.problem = result.problem or (f"escape: {', '.join(left)}" if left else "")
            results.append(result)
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
    parser.add_argument("--seed", type=int, default=41, help="of the inputs")
    arguments = parser.parse_args()
    results = run(arguments.dir, arguments.seed)
    if not results:
        sys.exit(f"{arguments.dir} holds no submission; it should hold NN_topic/right, wrong or hostile with .py files in them")
    print(table(results))
    if arguments.json:
        fields = [{"file": str(r.path), "kind": r.kind, "function": r.function, "score": r.score, "seconds": r.seconds,
                   "problem": r.problem, "said": r.said} for r in results]  # fmt: skip
        arguments.json.write_text(json.dumps({"submissions": fields}, indent=1) + "\n")
    sys.exit(any(r.problem for r in results))


if __name__ == "__main__":
    main()
