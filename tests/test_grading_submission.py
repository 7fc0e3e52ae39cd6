"""Whatever is handed in, a notebook of the assignment comes out, and says what was done to it."""

import copy
import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest
import series

from labkit.errors import SetupError
from labkit.grading import submission
from labkit.grading.preprocessor import wanted
from labkit.grading.score import code_of

NAME = "01_rewards"
RELEASED = series.RELEASE / NAME / f"{NAME}.ipynb"
MINE = "def reward_format(answer):\n    return -1.0  # mine"


@pytest.fixture
def written() -> dict:
    """The released notebook as JSON, with one function written."""
    notebook = json.loads(RELEASED.read_text())
    cell_of(notebook, "reward_format")["source"] = MINE
    return notebook


def cell_of(notebook: dict, grade_id: str) -> dict:
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def repaired(tmp_path: Path, content) -> tuple[nbformat.NotebookNode, list[str]]:
    """What becomes of a file that holds `content`; it must be valid, and complete."""
    path = tmp_path / f"{NAME}.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    notebook, remarks = submission.repaired(path, RELEASED)
    nbformat.validate(notebook, relax_add_props=False)
    nbformat.write(notebook, tmp_path / "repaired.ipynb")
    released = nbformat.read(RELEASED, as_version=4)
    known = [cell.metadata.nbgrader for cell in released.cells if "nbgrader" in cell.metadata]
    assert sorted(map(str, known)) == sorted(str(c.metadata.nbgrader) for c in notebook.cells if "nbgrader" in c.metadata)
    assert wanted(notebook) == wanted(released) or sorted(wanted(notebook)) == sorted(wanted(released))
    return notebook, remarks


def test_an_ordinary_notebook_stays_as_it_is(tmp_path, written):
    notebook, remarks = repaired(tmp_path, written)
    assert remarks == []
    assert [cell.source for cell in notebook.cells] == ["".join(cell["source"]) for cell in written["cells"]]


@pytest.mark.parametrize("grade_id", ["reward_format", "reward_format_check", "reward_hacking"])
def test_a_deleted_cell_is_put_back(tmp_path, written, grade_id):
    written["cells"].remove(cell_of(written, grade_id))
    notebook, remarks = repaired(tmp_path, written)
    assert remarks == [f"Cell `{grade_id}` is missing; it was put back as it was handed out."]
    assert "From grading" in notebook.cells[0].source
    assert grade_id in notebook.cells[0].source


def test_of_copies_the_last_counts(tmp_path, written):
    double = copy.deepcopy(cell_of(written, "reward_format"))
    double["source"] = "def reward_format(answer):\n    return 1.25  # the copy"
    written["cells"].append(double)
    notebook, remarks = repaired(tmp_path, written)
    assert remarks == ["Cell `reward_format` is there more than once; the last one counts."]
    assert "the copy" in cell_of(notebook, "reward_format")["source"]
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_an_edited_check_is_restored_and_its_points_too(tmp_path, written):
    check = cell_of(written, "reward_format_check")
    original = "".join(check["source"])
    check["source"] = "8.0"
    check["metadata"]["nbgrader"] |= {"points": 1000, "grade": False, "locked": False, "solution": True}
    notebook, remarks = repaired(tmp_path, written)
    assert cell_of(notebook, "reward_format_check")["source"] == original
    assert remarks == ["Cell `reward_format_check` is locked and had been changed; it was put back as it was handed out."]


def test_a_cell_of_another_type_becomes_what_it_was(tmp_path, written):
    cell_of(written, "reward_format")["cell_type"] = "raw"
    notebook, remarks = repaired(tmp_path, written)
    assert cell_of(notebook, "reward_format")["cell_type"] == "code"
    assert cell_of(notebook, "reward_format")["source"] == MINE
    assert "it had been made a raw one" in remarks[0]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"), (b"no json", "cannot be read as JSON"), (b'{"cells": [', "cannot be read as JSON"),
        (b"[" * 200_000, "cannot be read as JSON"), (b"\xff\xfe\x00", "cannot be read as JSON"), (b"[]", "no list of cells"),
        (b"{}", "no list of cells"), (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
        (b'{"nbformat": 4, "cells": []}', "without a cell"), (b'{"nbformat": 3, "cells": [], "worksheets": []}', "in format 3"),
        (b'{"nbformat": "\\ud800", "cells": []}', "in format ?"),
        (b'{"nbformat": 4, "cells": [1, null, {"cell_type": "x"}]}', "without a cell"),
    ],
)  # fmt: skip
def test_what_is_no_notebook_counts_as_an_empty_one(tmp_path, content, why):
    notebook, remarks = repaired(tmp_path, content)
    assert why in remarks[0]
    assert "nothing was written" in remarks[0]
    assert cell_of(notebook, "reward_format")["source"].endswith('raise NotImplementedError("replace this line")')


def test_another_notebook_of_the_course_is_named_as_one(tmp_path):
    other = series.RELEASE / "03_ppo_loss" / "03_ppo_loss.ipynb"
    _, remarks = repaired(tmp_path, other.read_bytes())
    assert remarks == ["This seems to be another notebook: it has no cell of 01_rewards."]


@pytest.mark.parametrize("value", [None, 3, "text", [], {}, [1, None], {"a": {"b": []}}, "\ud800", 1e400, "../../x y", ["a,b"]])
@pytest.mark.parametrize("key", ["id", "source", "metadata", "outputs", "attachments", "execution_count", "tags", "grade_id"])
def test_a_cell_may_hold_anything_anywhere(tmp_path, written, key, value):
    for cell in written["cells"]:
        if key == "tags":
            cell["metadata"]["tags"] = value
        elif key == "grade_id":
            cell["metadata"]["nbgrader"] = {"grade_id": value}
        else:
            cell[key] = value
    repaired(tmp_path, written)


def test_a_cell_that_was_made_live_is_still_known_as_that(tmp_path, written):
    cell_of(written, "reward_format")["metadata"]["tags"] = ["live", "a,b"]
    notebook, _ = repaired(tmp_path, written)
    assert cell_of(notebook, "reward_format")["metadata"]["tags"] == ["live"]
    assert json.loads(code_of(notebook))["cells"][5]["metadata"] == {"tags": []}


def test_a_note_of_an_earlier_grading_goes(tmp_path, written):
    written["cells"].remove(cell_of(written, "reward_format_check"))
    once, _ = repaired(tmp_path, written)
    twice, remarks = repaired(tmp_path, json.loads(nbformat.writes(once)))
    assert remarks == []
    assert not any("From grading" in cell.source for cell in twice.cells)


def test_without_a_released_notebook_it_says_how_to_get_one(tmp_path):
    with pytest.raises(SetupError, match="nbgrader generate_assignment 09_none"):
        submission.repaired(RELEASED, tmp_path / "09_none.ipynb")


# --- staging: what else is in a folder that was handed in


@pytest.fixture
def folder(tmp_path: Path, written: dict) -> Path:
    folder = tmp_path / "submitted"
    folder.mkdir()
    (folder / f"{NAME}.ipynb").write_text(json.dumps(written))
    return folder


def staged(folder: Path) -> tuple[list[str], list[str]]:
    """Files that were taken along, and remarks."""
    target = folder.parent / "staged"
    remarks = submission.stage(folder, NAME, RELEASED, target)
    return sorted(str(p.relative_to(target)) for p in target.rglob("*") if not p.is_dir()), remarks


def test_files_beside_the_notebook_are_taken_along(folder):
    (folder / "record.json").write_text("{}")
    (folder / "data").mkdir()
    (folder / "data" / "x.txt").write_text("x")
    assert staged(folder) == ([f"{NAME}.ipynb", "data/x.txt", "record.json"], [])


def test_links_devices_and_names_that_cannot_be_written_are_left_out(folder):
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to("loop")
    (folder / "up").symlink_to("..")
    (folder / "a\x1b[2Jb").write_text("x")
    os.mkfifo(folder / "fifo")
    files, remarks = staged(folder)
    assert files == [f"{NAME}.ipynb"]
    assert sorted(remarks) == [
        "`a?[2Jb` has a name that cannot be written: left out.", "`fifo` is no file: left out.", "`link` is no file: left out.",
        "`loop` is no file: left out.", "`up` is no file: left out.",
    ]  # fmt: skip


def test_what_is_left_out_stands_in_the_notebook(folder):
    (folder / "link").symlink_to("/etc/passwd")
    staged(folder)
    notebook = nbformat.read(folder.parent / "staged" / f"{NAME}.ipynb", as_version=4)
    assert notebook.cells[0].source == "**From grading:**\n\n- `link` is no file: left out."
    assert code_of(notebook) == code_of(submission.repaired(folder / f"{NAME}.ipynb", RELEASED)[0])


def test_sparse_files_do_not_fill_the_disk(folder, monkeypatch):
    monkeypatch.setattr(submission, "MOST_BYTES", 100_000)
    for number in range(5):
        with (folder / f"sparse{number}").open("wb") as file:
            file.truncate(30_000)
    files, remarks = staged(folder)
    assert files == [f"{NAME}.ipynb", "sparse0", "sparse1"]
    assert remarks[0] == "`sparse2` makes more than 100,000 bytes in all: left out."


def test_a_notebook_of_many_cells_is_not_read(tmp_path):
    content = {"nbformat": 4, "cells": [{"cell_type": "code"}] * (submission.MAX_CELLS + 1)}
    _, remarks = repaired(tmp_path, content)
    assert "has 1,001 cells; at most 1,000 are read" in remarks[0]


def test_remarks_are_plain_text(tmp_path):
    _, remarks = repaired(tmp_path, {"nbformat": "\x1b]0;owned\x07", "cells": []})
    assert "\x1b" not in remarks[0]
    assert "?]0;owned?" in remarks[0]


def test_too_many_too_deep_and_too_large(folder, monkeypatch):
    monkeypatch.setattr(submission, "MAX_BYTES", 20_000)
    for number in range(submission.MAX_FILES + 5):
        (folder / f"0{number}").write_text("")
    (folder / "large").write_bytes(bytes(20_001))
    deep = folder
    for _ in range(300):
        deep = deep / "d"
    os.makedirs(deep)
    files, remarks = staged(folder)
    assert f"{NAME}.ipynb" in files
    assert len(files) <= submission.MAX_FILES
    assert any("More than 200" in remark for remark in remarks)


def test_a_folder_in_the_notebooks_place_is_no_notebook(tmp_path):
    (tmp_path / "submitted" / f"{NAME}.ipynb").mkdir(parents=True)
    (tmp_path / "submitted" / "timestamp.txt").mkdir()
    files, remarks = staged(tmp_path / "submitted")
    assert files == [f"{NAME}.ipynb"]
    assert any("is missing" in remark for remark in remarks)


def test_a_notebook_under_another_name_is_taken_if_it_is_the_only_one(folder):
    (folder / f"{NAME}.ipynb").rename(folder / "mine (1).ipynb")
    files, remarks = staged(folder)
    assert files == [f"{NAME}.ipynb"]
    assert "`mine (1).ipynb` was taken" in remarks[0]


def test_of_two_notebooks_under_other_names_none_is_taken(folder):
    (folder / f"{NAME}.ipynb").rename(folder / "a.ipynb")
    (folder / "b.ipynb").write_text("{}")
    _, remarks = staged(folder)
    assert "there is `a.ipynb`, `b.ipynb`" in remarks[0]


def test_a_time_that_is_none_is_left_out(folder):
    for text in ("yesterday", "\x1b[31m", "1" * 1_000_000):
        (folder / "timestamp.txt").write_text(text)
        files, remarks = staged(folder)
        assert files == [f"{NAME}.ipynb"]
        assert remarks == ["`timestamp.txt` holds no time: left out."]
        shutil.rmtree(folder.parent / "staged")
