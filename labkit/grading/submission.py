"""What was handed in, made into a notebook that can be graded: whatever the file holds, a notebook of the assignment comes out.

The released notebook says which cells there must be. A cell that is missing is put back, one that was locked is restored, and a
file that is no notebook counts as one in which nothing was written. What was done stands in a note at the top.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode, v4
from nbgrader.utils import is_locked, parse_utc
from traitlets import Bool

from labkit.errors import SetupError

MAX_BYTES, MOST_BYTES, MAX_CELLS = 20_000_000, 100_000_000, 1_000  # of a file, of all that is handed in, of a notebook
MAX_FILES, DEEPEST = 200, 5  # files in all, folders in folders
NOTE = "grading-note"  # the tag of the cell that says what was done to a submission
KEPT_TAGS = ("live", "skip-execution", NOTE)
TYPES = ("code", "markdown", "raw")
ID = re.compile("[a-zA-Z0-9-_]{1,64}")
one_at_a_time = threading.Lock()  # a file of MAX_BYTES takes twenty times as much when it is read


class NoNotebook(Exception):
    """The file is no notebook; says what it is."""


class SubmissionExporter(NotebookExporter):
    """nbgrader's way to read a notebook, which here takes any file."""

    staged = Bool(False, help="submissions are copies that `stage` made").tag(config=True)

    def from_filename(self, filename: str, resources: dict[str, Any] | None = None, **kw: Any) -> tuple[str, dict[str, Any]]:
        """nbgrader reads a notebook twice: as it was handed in, and then as it wrote it itself, hidden tests put back.

        Raises SetupError where the assignment has no released notebook, or links were handed in.
        """
        resources = resources or {}
        converter: Any = self.parent
        course, path, assignment = converter.coursedir, Path(filename), resources["nbgrader"]["assignment"]
        if self.staged or path.parent == Path(
            course.format_path(course.autograded_directory, resources["nbgrader"]["student"], assignment)
        ):
            notebook = nbformat.read(path, as_version=4)
        else:
            if links := [str(file) for file in listed(path.parent)[0] if file.is_symlink()]:
                raise SetupError(
                    f"{_printable(links[0])} is a link; `labkit grade {assignment}` leaves links out, or delete it"
                )
            notebook, _ = repaired(path, Path(course.format_path(course.release_directory, ".", assignment), path.name))
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
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
    remarks = [_printable(remark) for remark in remarks]
    _give_ids(cells)
    notebook = v4.new_notebook(metadata=released.metadata, cells=cells)
    notebook.nbformat_minor = released.nbformat_minor
    return (noted(notebook, remarks) if remarks else notebook), remarks


def noted(notebook: NotebookNode, remarks: Sequence[str]) -> NotebookNode:
    """With `remarks` in a cell at the top."""
    text = "\n".join(f"- {remark}" for remark in remarks)
    notebook.cells.insert(0, v4.new_markdown_cell(f"**From grading:**\n\n{text}", metadata={"tags": [NOTE]}))
    return notebook


def stage(folder: Path, name: str, release: Path, target: Path) -> list[str]:
    """Copy what is in `folder`, the submission to assignment `name`, to `target`, which is new: regular files alone, and a
    notebook that can be graded in any case. Returns remarks, which also stand in the notebook."""
    target.mkdir(parents=True)
    wanted, notebooks = target / f"{name}.ipynb", []
    files, remarks = listed(folder)
    total = 0
    for path in files:
        inside = path.relative_to(folder)
        total += path.lstat().st_size
        if why := _unfit(path, inside) or (f"makes more than {MOST_BYTES:,} bytes in all" if total > MOST_BYTES else ""):
            remarks.append(f"`{_printable(inside)}` {why}: left out.")
            continue
        if path.suffix == ".ipynb" and len(inside.parts) == 1:
            notebooks.append(path)
        (target / inside.parent).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / inside)
    timestamp = target / "timestamp.txt"  # nbgrader's own, where its exchange brought the submission
    if timestamp.exists() and not _is_time(timestamp):
        timestamp.unlink()
        remarks.append("`timestamp.txt` holds no time: left out.")
    if not wanted.is_file():
        only = notebooks[0] if len(notebooks) == 1 else None
        if only is not None:
            os.rename(target / only.name, wanted)
            remarks.append(f"`{only.name}` was taken for `{wanted.name}`: it is the only notebook that was handed in.")
        else:
            found = ", ".join(f"`{path.name}`" for path in notebooks) or "no notebook at all"
            remarks.append(f"`{wanted.name}` is missing; there is {found}. Nothing could be graded.")
            wanted.write_text("", encoding="utf-8")
    notebook, more = repaired(wanted, release)
    remarks = [*(_printable(remark) for remark in remarks), *more]
    if more:
        notebook.cells.pop(0)
    nbformat.write(noted(notebook, remarks) if remarks else notebook, wanted)
    return remarks


def _is_time(path: Path) -> bool:
    if path.stat().st_size > 100:  # the parser takes long for long texts
        return False
    try:
        parse_utc(path.read_text(encoding="utf-8").strip())
    except (ValueError, OverflowError):
        return False
    return True


def listed(folder: Path) -> tuple[list[Path], list[str]]:
    """The files in `folder`, notebooks first, a folder only where it has a file's name; and remarks on what is left out. Goes
    no deeper, and takes no more, than an honest submission needs."""
    pending, remarks = [folder], []
    files: list[Path] = []
    while pending:
        here = pending.pop(0)
        inside = here.relative_to(folder)
        if not os.access(here, os.R_OK | os.X_OK) or len(inside.parts) > DEEPEST:
            remarks.append(f"`{_printable(inside)}` cannot be opened, or lies too deep: what is in it is left out.")
            continue
        for path in sorted(here.iterdir(), key=lambda path: (path.suffix != ".ipynb", path)):
            as_file = path.is_symlink() or not path.is_dir() or path.suffix == ".ipynb" or path.name == "timestamp.txt"
            (files if as_file else pending).append(path)
        if len(files) > MAX_FILES or len(pending) > MAX_FILES:
            remarks.append(f"More than {MAX_FILES} files or folders were handed in: the others are left out.")
            break
    return files[:MAX_FILES], remarks


def _unfit(path: Path, inside: Path) -> str:
    """Why a file is not taken along; "" where it is."""
    if path.is_symlink() or not path.is_file():
        return "is no file"
    if not os.access(path, os.R_OK):
        return "cannot be read"
    if path.stat().st_size > MAX_BYTES:
        return f"has {path.stat().st_size:,} bytes, more than {MAX_BYTES:,}"
    return "" if _printable(inside) == str(inside) else "has a name that cannot be written"


def _printable(text: object) -> str:
    """What a terminal and a page take for text and nothing more."""
    return "".join(c if c.isprintable() else "?" for c in str(text))


# --- reading


def _cells(path: Path) -> list[NotebookNode]:
    """The cells of a notebook file, each with a source and metadata that are what they should be, outputs left out."""
    with one_at_a_time:
        data = _parsed(path)
        if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
            raise NoNotebook(f"`{path.name}` is no notebook: it has no list of cells.")
        if data.get("nbformat") != 4:
            found = _written(str(data.get("nbformat"))[:20])
            raise NoNotebook(f"`{path.name}` is in format {found}; notebooks of this course are in format 4.")
        if len(data["cells"]) > MAX_CELLS:
            raise NoNotebook(f"`{path.name}` has {len(data['cells']):,} cells; at most {MAX_CELLS:,} are read.")
        cells = [_cell(given) for given in data["cells"] if isinstance(given, dict) and given.get("cell_type") in TYPES]
    cells = [cell for cell in cells if NOTE not in cell.metadata.get("tags", ())]  # of an earlier grading
    if not cells:
        raise NoNotebook(f"`{path.name}` is a notebook without a cell.")
    return cells


def _cell(given: dict[str, Any]) -> NotebookNode:
    kind, source, attachments = given["cell_type"], given.get("source"), _attachments(given.get("attachments"))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}[kind]
    cell = make(_written(source) if isinstance(source, str) else "", metadata=_metadata(given.get("metadata")))
    if isinstance(given.get("id"), str):
        cell["id"] = given["id"]
    if kind == "markdown" and attachments:
        cell["attachments"] = attachments
    return cell


def _written(text: str) -> str:
    """Text that can be written to a file: half a surrogate pair, which JSON allows, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _metadata(given: Any) -> NotebookNode:
    """As much of a cell's metadata as matters here: its tags, and what nbgrader calls it."""
    metadata = NotebookNode()
    if isinstance(given, dict):
        tags, entry = given.get("tags"), given.get("nbgrader")
        if isinstance(tags, list) and tags:
            metadata["tags"] = [tag for tag in KEPT_TAGS if tag in tags]
        if isinstance(entry, dict) and isinstance(entry.get("grade_id"), str):
            metadata["nbgrader"] = NotebookNode(grade_id=_written(entry["grade_id"]))
    return metadata


def _attachments(given: Any) -> NotebookNode:
    """The pictures that a markdown cell carries along: name, type, text."""
    found = NotebookNode()
    for name, by_type in given.items() if isinstance(given, dict) else ():
        if isinstance(by_type, dict) and by_type and all(isinstance(data, str) for data in by_type.values()):
            found[_written(name)] = NotebookNode({_written(kind): _written(data) for kind, data in by_type.items()})
    return found


def _parsed(path: Path) -> Any:
    if path.is_symlink() or not path.is_file():
        raise NoNotebook(f"`{path.name}` is not a file.")
    size = path.stat().st_size
    if size == 0:
        raise NoNotebook(f"`{path.name}` is empty.")
    if size > MAX_BYTES:
        raise NoNotebook(f"`{path.name}` has {size:,} bytes; at most {MAX_BYTES:,} are read.")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise NoNotebook(f"`{path.name}` is no notebook: it cannot be read as JSON ({str(error)[:100]}).") from error


# --- repairing


def _grade_id(cell: NotebookNode) -> str | None:
    name: str | None = cell.metadata.get("nbgrader", {}).get("grade_id")
    return name


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


def _give_ids(cells: Sequence[NotebookNode]) -> None:
    """Give cells ids where those that they have are none, or another's."""
    seen: set[str] = set()
    for cell in cells:
        if cell.get("id") in seen or not ID.fullmatch(cell.get("id", "")):
            cell["id"] = v4.new_markdown_cell().id
        seen.add(cell["id"])
