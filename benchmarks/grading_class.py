"""A class of 200 with everything that a class may hold, graded by one command that is interrupted once and called again.

    python -m benchmarks.grading_class --json benchmarks/records/cpu-grading-class.json      about four minutes
    python -m benchmarks.grading_class --students 24

Of 200, ten hang, ten crash, ten are hostile and ten are hardly a notebook; the others are right or wrong. Figures: seconds,
the most memory that all processes held, what `labkit grade` had said that it would be, and what everyone got. No peer: see
`grading` for that.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbgrader.api import Gradebook

from autograder_tests import classroom
from benchmarks import record

NAME = "01_rewards"
KINDS = ("hangs", "crashes", "hostile")
PACKAGES = ("nbgrader", "torch")
HANGS = "\n    import signal\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while True:\n        pass\n"
CRASHES = (
    "\n    import os\n    os._exit(0)\n",
    "\n    import ctypes\n    ctypes.string_at(0)\n",
    "\n    raise SystemExit(0)\n",
)
SIGNATURE = "def reward_format(answer):"


@dataclass
class Watch:
    """The most memory, in bytes (proportional set size), that a process and all below it hold while the block runs."""

    process: psutil.Process
    most: int = 0

    def __enter__(self) -> Watch:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.2):
            with suppress(psutil.Error):
                family = [self.process, *self.process.children(recursive=True)]
                self.most = max(self.most, sum(map(_held, family)))


def _held(process: psutil.Process) -> int:
    with suppress(psutil.Error, FileNotFoundError):
        return int(process.memory_full_info().pss)
    return 0


def hand_in(course: Path, students: int) -> dict[str, str]:
    """Everyone's submission; returns what each is. A twentieth each hangs, crashes, is hostile, is no notebook; what hangs,
    crashes or is hostile is one of the two functions."""
    rng, kinds = random.Random(0), {}
    each = max(students // 20, 1)
    hostile = [path for path in classroom.variants(NAME, "hostile", "reward_format") if "__earns" not in path.stem]
    for number in range(students):
        student = f"student{number:03}"
        kind = (*KINDS, "no notebook")[number // each] if number < 4 * each else "honest"
        kinds[student] = kind
        answers = classroom.answers(NAME, student)
        if kind == "hangs":
            answers["reward_format"] = f"{SIGNATURE}{HANGS}# {student}\n"
        elif kind == "crashes":
            answers["reward_format"] = f"{SIGNATURE}{rng.choice(CRASHES)}# {student}\n"
        elif kind == "hostile":
            answers["reward_format"] = f"{rng.choice(hostile).read_text(encoding='utf-8')}\n# {student}\n"
        path = classroom.hand_in(course, student, NAME, answers)
        if kind == "no notebook":
            path.write_bytes(rng.choice((b"", b"{}", path.read_bytes()[:2000], b"\xff\xfe")))
    return kinds


def start(course: Path, jobs: int, log: Path) -> subprocess.Popen[bytes]:
    command = [Path(sys.executable).parent / "labkit", "grade", NAME, "-j", str(jobs)]
    with log.open("ab") as file:
        return subprocess.Popen(command, cwd=course, env=classroom.environment(), stdout=file, stderr=subprocess.STDOUT)


def results(course: Path) -> dict[str, tuple[float, str]]:
    """Points and explanation of everyone who was graded: what stands in the gradebook and in the graded notebook."""
    found = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for submission in book.assignment_submissions(NAME):
            student = submission.student.id
            path = course / "autograded" / student / NAME / f"{NAME}.ipynb"
            if not path.exists():  # it was this one that was interrupted
                continue
            [notebook] = submission.notebooks
            grades = [grade for grade in notebook.grades if grade.cell.cell_type == "code"]
            graded = nbformat.read(course / "autograded" / student / NAME / f"{NAME}.ipynb", as_version=4)
            tables = [
                o.data["text/plain"]
                for cell in graded.cells
                for o in cell.get("outputs", ())
                if o.output_type == "display_data"
            ]
            if all(grade.auto_score is not None for grade in grades) and len(tables) == len(grades):
                found[student] = (sum(grade.auto_score for grade in grades), "\n".join(tables))
    return found


def run(folder: Path, students: int, jobs: int) -> dict[str, Any]:
    """Grade a class, interrupted when a third of it is graded; returns the figures."""
    course = classroom.make_course(folder, (NAME,))
    kinds, log = hand_in(course, students), folder / "grade.log"
    figures: dict[str, Any] = {"students": students, "jobs": jobs, "kinds": dict(Counter(kinds.values()))}
    seconds, most = [], []
    for interrupted in (True, False):
        started = time.monotonic()
        process = start(course, jobs, log)
        with Watch(psutil.Process(process.pid)) as watch:
            if interrupted:
                while process.poll() is None and len(list((course / "autograded").glob("*/*/*.ipynb"))) < students // 3:
                    time.sleep(0.1)
                process.send_signal(signal.SIGINT)
            status = process.wait()
        seconds.append(round(time.monotonic() - started, 1))
        most.append(watch.most)
        figures["graded_before_the_interruption" if interrupted else "graded_in_all"] = len(results(course))
        if status != (130 if interrupted else 0):
            raise SystemExit(f"labkit grade ended with status {status}:\n{log.read_text()}")
    said = re.search(r"At most ([\d.]+) GiB", log.read_text())
    found = results(course)
    figures |= {
        "seconds": seconds,
        "most_memory_gib": round(max(most) / 2**30, 2), "stated_memory_gib": float(said.group(1)) if said else None,
        "unchanged_when_continued": int(re.findall(r"(\d+) unchanged since", log.read_text())[-1]),
        "processes_left": sum(str(course) in " ".join(_command_line(p)) for p in psutil.process_iter()),
        "points": {kind: sorted(found[student][0] for student in kinds if kinds[student] == kind and student in found)
                   for kind in dict.fromkeys(kinds.values())},
        "without_explanation": [student for student in kinds if student not in found or not found[student][1].strip()],
    }  # fmt: skip
    return figures


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading_class", description="a difficult class, graded")
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the record there")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="labkit-benchmark-") as scratch:
        figures = run(Path(scratch), arguments.students, arguments.jobs)
    for name, value in figures.items():
        if name != "points":
            print(f"{name:34}{value}")
    for kind, points in figures["points"].items():
        print(f"{kind:34}{len(points)} graded, points {points[0] if points else '-'} .. {points[-1] if points else '-'}")
    if arguments.json:
        record.write(arguments.json, {}, figures, PACKAGES)
        print(f"record: {arguments.json}")


if __name__ == "__main__":
    main()
