"""Grading a class with `labkit grade`, beside plain `nbgrader autograde`: submissions a minute, and whether grades agree.

    python -m benchmarks.grading --json benchmarks/records/cpu-grading.json      40 submissions of all notebooks: 40 minutes
    python -m benchmarks.grading --plain 10                                      nbgrader grades ten of them: 12 minutes
    python -m benchmarks.grading --students 4 --notebooks 03_ppo_loss            a quick look

Plain nbgrader runs each notebook in a kernel of its own, with the hidden tests of `source/`. Both sides grade the same
submissions, drawn from the bank, three functions in five right; the commands are those that an instructor types, and their
start-up counts. No two submissions are the same, so that no score is one that was kept.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from tqdm import tqdm

from autograder_tests import classroom
from autograder_tests.hidden import SEED
from benchmarks import record

PACKAGES = ("nbgrader", "nbconvert", "torch")
# nbgrader's own way, as it is without our settings.
PLAIN = (
    "--Autograde.exporter_class=nbconvert.exporters.NotebookExporter",
    "--Autograde.autograde_preprocessors=['nbgrader.preprocessors.Execute', 'nbgrader.preprocessors.LimitOutput', "
    "'nbgrader.preprocessors.SaveAutoGrades', 'nbgrader.preprocessors.AssignLatePenalties', "
    "'nbgrader.preprocessors.CheckCellMetadata']",
)


def make_class(folder: Path, names: Sequence[str], students: int) -> Path:
    """A course in which everyone handed in everything. Its seed is that of the hidden tests, so that inputs are the same."""
    course = classroom.make_course(folder, tuple(names))
    (course / ".grading").mkdir(mode=0o700)
    (course / ".grading" / "seed").write_text(f"{SEED}\n")
    for name in names:
        for number in range(students):
            student = f"student{number:03}"
            classroom.hand_in(course, student, name, classroom.answers(name, student))
    return course


def seconds(command: Callable[[], object]) -> float:
    started = time.monotonic()
    command()
    return time.monotonic() - started


def grades(course: Path, name: str) -> dict[tuple[str, str], float | None]:
    """The points that were given by themselves, by student and cell."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in book.assignment_submissions(name) for notebook in submission.notebooks
            for grade in notebook.grades if grade.cell.cell_type == "code"
        }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description="labkit grade beside nbgrader autograde")
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--notebooks", nargs="+", default=classroom.NAMES, choices=classroom.NAMES, metavar="NN_topic")
    parser.add_argument("--plain", type=int, metavar="N", help="how many of the students nbgrader grades (default: all)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the record there")
    arguments = parser.parse_args(argv)
    rates: dict[str, list[float]] = {"labkit": [], "nbgrader": []}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="labkit-benchmark-") as scratch:
        ours = make_class(Path(scratch, "ours"), arguments.notebooks, arguments.students)
        plain, counts = Path(shutil.copytree(ours, Path(scratch, "plain"))), {"labkit": arguments.students}
        counts["nbgrader"] = min(arguments.plain or arguments.students, arguments.students)
        for folder in sorted((plain / "submitted").iterdir())[counts["nbgrader"] :]:
            shutil.rmtree(folder)
        for name in tqdm(arguments.notebooks, unit="notebook"):
            took = {
                "labkit": seconds(lambda name=name: classroom.labkit(ours, "grade", name, "-j", str(arguments.jobs))),
                "nbgrader": seconds(lambda name=name: classroom.nbgrader(plain, "autograde", name, *PLAIN)),
            }
            found, wanted = grades(ours, name), grades(plain, name)
            rows.append({
                "notebook": name, "seconds": {side: round(s, 2) for side, s in took.items()}, "grades": len(wanted),
                "different": [[*key, found.get(key), grade] for key, grade in wanted.items() if found.get(key) != grade],
            })  # fmt: skip
            for side in rates:
                rates[side].append(60 * counts[side] / took[side])
    ratio = record.ratio(rates["labkit"], rates["nbgrader"])
    print(f"\n{'':14}{'labkit':>10}{'nbgrader':>10}{'ratio':>8}{'grades':>8}{'different':>11}")
    for row, a, b in zip(rows, rates["labkit"], rates["nbgrader"], strict=True):
        print(f"{row['notebook']:14}{a:10.1f}{b:10.1f}{a / b:8.1f}{row['grades']:8}{len(row['different']):11}")
    print(f"submissions a minute; ratio of medians {ratio['median']} ({ratio['low']} .. {ratio['high']})")
    for row in rows:
        for student, cell, here, there in row["different"]:
            print(f"{row['notebook']}, {student}, {cell}: {here} here, {there} there")
    if arguments.json:
        figures = {"students": counts, "jobs": arguments.jobs, "notebooks": rows}
        record.write(arguments.json, {"submissions_per_minute": ratio}, figures, PACKAGES)
        print(f"record: {arguments.json}")


if __name__ == "__main__":
    main()
