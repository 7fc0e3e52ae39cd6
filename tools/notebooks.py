"""Brings each notebook of `source/` and the percent-format text beside it together: `make notebooks`.

    python tools/notebooks.py            the one of each pair that was edited last wins; says which
    python tools/notebooks.py --check    changes nothing; exits 1 where a pair differs, or a notebook has outputs

Notebooks keep no outputs. A cell keeps its id as long as its text stays; a graded cell's id is its grade_id.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import sys
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT = ("nbgrader", "tags")  # metadata of a cell that belong to the text


def texts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.py")) + sorted(folder.glob("0*/*.py"))


def as_text(notebook: NotebookNode) -> str:
    """The percent format of a notebook, cells and their metadata only."""
    bare = nbformat.v4.new_notebook(cells=[_bare(cell) for cell in notebook.cells])
    bare.metadata["jupytext"] = {"notebook_metadata_filter": "-all", "cell_metadata_filter": "nbgrader,tags,-all"}
    text: str = jupytext.writes(bare, "py:percent")
    return text


def as_notebook(text: str, before: NotebookNode | None) -> NotebookNode:
    """The notebook of a text; cells whose text `before` has as well keep their ids."""
    known: dict[str, list[str]] = {}
    for cell in before.cells if before else []:
        known.setdefault(cell.source, []).append(cell.id)
    cells, used = [], set()
    for cell in jupytext.reads(text, "py:percent").cells:
        fresh = _bare(cell)
        ids = known.get(cell.source, [])
        grade_id = fresh.metadata.get("nbgrader", {}).get("grade_id")
        fresh.id = grade_id.replace("_", "-") if grade_id else ids.pop(0) if ids else _new_id(cell.source, used)
        used.add(fresh.id)
        cells.append(fresh)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return notebook


def _bare(cell: NotebookNode) -> NotebookNode:
    metadata = {key: cell.metadata[key] for key in KEPT if key in cell.metadata}
    make = nbformat.v4.new_markdown_cell if cell.cell_type == "markdown" else nbformat.v4.new_code_cell
    return make(cell.source, metadata=metadata, id=cell.get("id", "none"))


def _new_id(source: str, used: set[str]) -> str:
    digest = hashlib.sha256(source.encode()).hexdigest()
    return next(digest[i : i + 8] for i in range(50) if digest[i : i + 8] not in used)


def pair(path: Path) -> tuple[str, str]:
    """What the text `path` and its notebook should hold."""
    partner = path.with_suffix(".ipynb")
    before = nbformat.read(partner, as_version=4) if partner.exists() else None
    text = path.read_text(encoding="utf-8")
    if before is not None and partner.stat().st_mtime > path.stat().st_mtime and as_text(before) != _normal(text):
        print(f"{partner.relative_to(ROOT)} was edited last: {path.name} follows it")
        text = as_text(before)
    text = _normal(text)
    return text, nbformat.writes(as_notebook(text, before)) + "\n"


def _normal(text: str) -> str:
    return as_text(jupytext.reads(text, "py:percent"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing, and fail where something would change")
    check, differing = parser.parse_args().check, []
    for path in texts(ROOT / "source"):
        for file, wanted in zip((path, path.with_suffix(".ipynb")), pair(path), strict=True):
            found = file.read_text(encoding="utf-8") if file.exists() else ""
            if found == wanted:
                continue
            differing.append(file.relative_to(ROOT))
            if check:
                print(
                    *difflib.unified_diff(found.splitlines(), wanted.splitlines(), str(file), "wanted", lineterm=""), sep="\n"
                )
            else:
                file.write_text(wanted, encoding="utf-8")
                print(f"written: {file.relative_to(ROOT)}")
    if check and differing:
        sys.exit(f"{', '.join(map(str, differing))}: not as `make notebooks` writes them; run it, and commit both of each pair")


if __name__ == "__main__":
    main()
