"""The step of `nbgrader autograde` that puts scores into graded cells, in place of running the notebook.

nbgrader reads a cell's score from its outputs; so the gradebook, formgrader and feedback work as always.
"""

from __future__ import annotations

import atexit
import functools
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import output_from_msg
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Bool, Unicode

from labkit.errors import SetupError
from labkit.grading.sandbox import Zygote, describe
from labkit.grading.score import EXERCISES, Course, Grader
from labkit.grading.store import Score


class TrustedScores(NbGraderPreprocessor):  # type: ignore[misc]
    """Gives each graded cell the points that the submission's functions earn in a sandbox, and says what for."""

    course_root = Unicode(help="the course folder, which holds source/").tag(config=True)
    require_sandbox = Bool(False, help="refuse to grade where a protection is not in force").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """nbgrader calls it with the submitted notebook, after locked cells were put back as they were released."""
        grader = grader_of(Path(self.course_root), self.require_sandbox)
        cells = {cell.metadata.nbgrader.grade_id: cell for cell in nb.cells if _scored(cell)}
        scores = grader.scores(nb, Path(resources["metadata"]["path"]), wanted(nb))
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        for grade_id, score in scores.items():
            cells[grade_id].outputs = outputs(score, float(cells[grade_id].metadata.nbgrader.points))
        return nb, resources


def wanted(nb: NotebookNode) -> list[str]:
    """The grade_ids of the cells of `nb` that are scored."""
    return [
        cell.metadata.nbgrader.grade_id for cell in nb.cells if _scored(cell) and cell.metadata.nbgrader.grade_id in EXERCISES
    ]


def _scored(cell: NotebookNode) -> bool:
    return bool(cell.cell_type == "code" and is_grade(cell) and not is_solution(cell))


def outputs(score: Score, maximum: float) -> list[NotebookNode]:
    """A graded cell's outputs: the table, and the points as nbgrader takes partial credit."""
    points = round(maximum * score.share, 1)
    table = {"text/plain": score.text, "text/html": score.html}
    return [_output("display_data", data=table, metadata={}),
            _output("execute_result", data={"text/plain": str(points)}, metadata={}, execution_count=1)]  # fmt: skip


def _output(kind: str, **content: Any) -> NotebookNode:
    made: NotebookNode = output_from_msg({"header": {"msg_type": kind}, "content": content})
    return made


@functools.cache
def zygote() -> Zygote:
    """This process's own. It loads torch while the caller goes on."""
    started = Zygote()
    atexit.register(started.close)
    return started


@functools.cache
def grader_of(course: Path, require_sandbox: bool) -> Grader:
    """The grader of a course folder, one for a process, which says what protections are in force.

    Raises SetupError where one is asked for that this machine does not give.
    """
    force = zygote().protections()
    print(f"Submissions run in a sandbox:\n{describe(force)}")
    if require_sandbox and not all(force.values()):
        raise SetupError(f"--require-sandbox, but not all protections are in force:\n{describe(force)}")
    return Grader(Course(course), zygote())
