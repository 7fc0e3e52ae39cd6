"""The notebook series for tests: a student's copy of it, and a notebook run from top to bottom as JupyterLab does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder_tests.classroom import NAMES

ROOT = Path(__file__).resolve().parent.parent
SOURCE, RELEASE = ROOT / "source", ROOT / "release"


def copy(series: Path, folder: Path, names: Iterable[str] = NAMES) -> Path:
    """Each notebook of `series` in a folder of its own below `folder`, and nothing else."""
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copy2(series / name / f"{name}.ipynb", folder / name)
    return folder


def read(name: str, series: Path = SOURCE) -> NotebookNode:
    return nbformat.read(series / name / f"{name}.ipynb", as_version=4)


def answers(name: str) -> dict[str, str]:
    """What a student should type into each cell of a notebook, by its grade_id."""
    cells = [cell for cell in read(name).cells if cell.metadata.get("nbgrader", {}).get("solution")]
    return {
        cell.metadata.nbgrader.grade_id: "\n".join(line for line in cell.source.split("\n") if "### " not in line)
        if cell.cell_type == "code"
        else "Format is paid for on its own: $0.25 > 0$."
        for cell in cells
    }


def fill(path: Path) -> None:
    """Put the answers into a student's copy of a released notebook."""
    notebook, typed = nbformat.read(path, as_version=4), answers(path.stem)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = typed[cell.metadata.nbgrader.grade_id]
    nbformat.write(notebook, path)


def run(
    path: Path, *, live: bool = True, allow_errors: bool = False, timeout: float = 300, packages: Path = ROOT
) -> NotebookNode:
    """Execute the notebook at `path` in its own folder and save it with its outputs. `live` cells run where asked for;
    `packages` is where Python looks first.

    Raises nbclient's CellExecutionError where a cell fails and errors are not allowed.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=timeout, kernel_name="python3", allow_errors=allow_errors,
        skip_cells_with_tag="" if live else "skip-execution", resources={"metadata": {"path": str(path.parent)}},
    )  # fmt: skip
    try:
        client.execute(env={**os.environ, "PYTHONPATH": str(packages)})
    finally:
        nbformat.write(notebook, path)
    return notebook


def code_cells(notebook: NotebookNode) -> Iterator[NotebookNode]:
    yield from (cell for cell in notebook.cells if cell.cell_type == "code")


def graded(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """The cells that earn points by themselves."""
    yield from (cell for cell in code_cells(notebook) if cell.metadata.get("nbgrader", {}).get("grade"))


def stderr_of(cell: NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stderr")


def text_of(cell: NotebookNode) -> str:
    """What a cell printed and returned, as text."""
    return "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain", "") or "\n".join(output.get("traceback", ()))
        for output in cell.outputs
    )
