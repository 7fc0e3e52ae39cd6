"""What was handed in, made into a notebook that can be graded: whatever the file holds, a notebook of the assignment comes out.

The released notebook says which cells there must be. A cell that is missing is put back, one that was locked is restored, and a
file that is no notebook counts as one in which nothing was written. What was done stands in a note at the top.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode, v4
from nbgrader.utils import is_locked, parse_utc

from labkit.errors import SetupError

MAX_BYTES = 50_000_000
NOTE = "grading-note"  # the tag of the cell that says what was done to a submission
TYPES = ("code", "markdown", "raw")


class NoNotebook(Exception):
    """The file is no notebook; says what it is."""


class SubmissionExporter(NotebookExporter):
    """nbgrader's way to read a notebook, which here takes any file."""

    def from_filename(self, filename: str, resources: dict[str, Any] | None = None, **kw: Any) -> tuple[str, dict[str, Any]]:
        """Raises SetupError where the assignment has no released notebook."""
        resources = resources or {}
        converter: Any = self.parent
        course, path = converter.coursedir, Path(filename)
        release = course.format_path(course.release_directory, ".", resources["nbgrader"]["assignment"])
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        notebook, _ = repaired(path, Path(release, path.name))
        converted: tuple[str, dict[str, Any]] = self.from_notebook_node(notebook, resources, **kw)  # type: ignore[no-untyped-call]
        return converted


def repaired(path: Path, release: Path) -> tuple[NotebookNode, list[str]]:
    """The notebook in the file `path`, with all cells that the released one in `release` has, and what had to be done for it.

    Raises SetupError where there is no released notebook.
    """
    if not release.is_file():
        raise SetupError(f"{release} is missing; `nbgrader generate_assignment {release.stem}` writes it")
    released = nbformat.read(release, as_version=4)
    try:
        submitted, remarks = _cells(path), []
    except NoNotebook as error:
        submitted, remarks = [], [f"{error} It counts as a notebook in which nothing was written."]
    if submitted and not {_grade_id(cell) for cell in submitted} & {_grade_id(cell) for cell in released.cells} - {None}:
        remarks.append(f"This seems to be another notebook: it has no cell of {release.stem}.")
    cells = submitted or list(released.cells)
    put_back = _put_in_order(cells, released.cells)
    if len(remarks) == 0 or not submitted:
        remarks += put_back
    notebook = v4.new_notebook(metadata=released.metadata, cells=cells)
    notebook.nbformat_minor = released.nbformat_minor
    _make_valid(notebook)
    return (noted(notebook, remarks) if remarks else notebook), remarks


def noted(notebook: NotebookNode, remarks: Sequence[str]) -> NotebookNode:
    """With `remarks` in a cell at the top."""
    text = "\n".join(f"- {remark}" for remark in remarks)
    notebook.cells.insert(0, v4.new_markdown_cell(f"**From grading:**\n\n{text}", metadata={"tags": [NOTE]}))
    return notebook


def stage(folder: Path, name: str, release: Path, target: Path) -> list[str]:
    """Copy what is in `folder`, the submission to assignment `name`, to `target`, which is new: regular files alone, and a
    notebook of the right name in any case. Returns remarks."""
    target.mkdir(parents=True)
    remarks, notebooks = [], []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if (path.is_dir() and not path.is_symlink()) or any((folder / parent).is_symlink() for parent in inside.parents):
            continue
        if path.is_symlink() or not path.is_file():
            remarks.append(f"`{inside}` is a link or a device, not a file: left out.")
            continue
        if path.suffix == ".ipynb" and len(inside.parts) == 1:
            notebooks.append(path)
        (target / inside.parent).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / inside)
    timestamp = target / "timestamp.txt"  # nbgrader's own, where its exchange brought the submission
    try:
        parse_utc(timestamp.read_text(encoding="utf-8").strip()) if timestamp.exists() else None
    except (ValueError, OverflowError) as error:
        timestamp.unlink()
        remarks.append(f"`timestamp.txt` holds no time ({str(error)[:100]}): left out.")
    wanted = target / f"{name}.ipynb"
    if not wanted.is_file():
        only = notebooks[0] if len(notebooks) == 1 else None
        if only is not None:
            os.rename(target / only.name, wanted)
            remarks.append(f"`{only.name}` was taken for `{wanted.name}`: it is the only notebook that was handed in.")
        else:
            found = ", ".join(f"`{path.name}`" for path in notebooks) or "no notebook at all"
            remarks.append(f"`{wanted.name}` is missing; there is {found}. Nothing could be graded.")
            wanted.write_text("", encoding="utf-8")
    if remarks:
        notebook, more = repaired(wanted, release)
        remarks += more
        nbformat.write(noted(notebook, remarks[: len(remarks) - len(more)]), wanted)
    return remarks


# --- reading


def _cells(path: Path) -> list[NotebookNode]:
    """The cells of a notebook file, each with a source and metadata that are what they should be, outputs left out."""
    data = _parsed(path)
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise NoNotebook(f"`{path.name}` is no notebook: it has no list of cells.")
    if data.get("nbformat") != 4:
        raise NoNotebook(
            f"`{path.name}` is in format {str(data.get('nbformat'))[:20]}; notebooks of this course are in format 4."
        )
    cells = []
    for given in data["cells"]:
        if not isinstance(given, dict) or given.get("cell_type") not in TYPES:
            continue
        source, metadata, kind = given.get("source"), given.get("metadata"), given["cell_type"]
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        tags = metadata.get("tags") if isinstance(metadata, dict) else None
        if isinstance(tags, list) and NOTE in tags:
            continue  # of an earlier grading
        make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}[kind]
        cell = make(
            source if isinstance(source, str) else "",
            metadata=nbformat.from_dict(metadata) if isinstance(metadata, dict) else {},
        )
        if isinstance(given.get("id"), str):
            cell["id"] = given["id"]
        if kind == "markdown" and isinstance(given.get("attachments"), dict):
            cell["attachments"] = nbformat.from_dict(given["attachments"])
        cells.append(cell)
    if not cells:
        raise NoNotebook(f"`{path.name}` is a notebook without a cell.")
    return cells


def _parsed(path: Path) -> Any:
    if path.is_symlink() or not path.is_file():
        raise NoNotebook(f"`{path.name}` is not a file.")
    size = path.stat().st_size
    if size == 0:
        raise NoNotebook(f"`{path.name}` is empty.")
    if size > MAX_BYTES:
        raise NoNotebook(f"`{path.name}` has {size:,} bytes; at most {MAX_BYTES:,} are read.")
    try:
        data = json.loads(path.read_bytes())
        # Half a surrogate pair is fine as JSON, and cannot be written.
        return json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise NoNotebook(f"`{path.name}` is no notebook: it cannot be read as JSON ({str(error)[:100]}).") from error


# --- repairing


def _grade_id(cell: NotebookNode) -> str | None:
    entry = cell.metadata.get("nbgrader")
    name = entry.get("grade_id") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else None


def _put_in_order(cells: list[NotebookNode], released: Sequence[NotebookNode]) -> list[str]:
    """Give `cells` every cell of `released` that nbgrader knows, once and as it must be; returns what that took."""
    remarks = []
    wanted = {name: cell for cell in released if (name := _grade_id(cell)) is not None}
    place: dict[str, int] = {}
    for index, cell in enumerate(cells):
        name = _grade_id(cell)
        if name in place:
            remarks.append(f"Cell `{name}` is there more than once; the last one counts.")
            del cells[place[name]].metadata["nbgrader"]
        if name in wanted:
            place[name] = index
        else:
            cell.metadata.pop("nbgrader", None)
    after = -1
    for name, original in wanted.items():
        if name not in place:
            remarks.append(f"Cell `{name}` is missing; it was put back as it was handed out.")
            cells.insert(after + 1, original)
            place = {other: index + (index > after) for other, index in place.items()} | {name: after + 1}
        after = place[name]
        cell = cells[after]
        if cell.cell_type != original.cell_type:
            remarks.append(f"Cell `{name}` is a {original.cell_type} cell; it had been made a {cell.cell_type} one.")
            source, cell = cell.source, nbformat.from_dict(original)
            cell.source = source
            cells[after] = cell
        if is_locked(original) and cell.source != original.source:
            remarks.append(f"Cell `{name}` is locked and had been changed; it was put back as it was handed out.")
            cell.source = original.source
        cell.metadata["nbgrader"] = original.metadata["nbgrader"]
    return remarks


def _make_valid(notebook: NotebookNode) -> None:
    """Take out of cells what keeps the notebook from being a valid one: ids that are none, metadata of a wrong type."""
    seen: set[str] = set()
    for cell in notebook.cells:
        name = cell.get("id", "")
        if name in seen or not (0 < len(name) <= 64 and name.replace("-", "").replace("_", "").isalnum() and name.isascii()):
            cell["id"] = v4.new_markdown_cell().id
        seen.add(cell["id"])
    if not nbformat.validator.isvalid(notebook):
        for cell in notebook.cells:
            cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in ("nbgrader",) if key in cell.metadata}
                                               | {"tags": ["live"] if _tagged_live(cell) else []})  # fmt: skip
            cell.pop("attachments", None)


def _tagged_live(cell: NotebookNode) -> bool:
    tags = cell.metadata.get("tags")
    return isinstance(tags, list) and "live" in tags
