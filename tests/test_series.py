"""Each notebook of source/ runs from top to bottom, live cells included: real processes, on the solutions."""

import pytest
import series

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The series side by side, as a student has it: later notebooks take functions and runs from earlier ones."""
    return series.copy(series.SOURCE, tmp_path_factory.mktemp("series"))


@pytest.mark.parametrize("name", series.NAMES)
def test_a_source_notebook_runs_from_top_to_bottom(folder, name):
    notebook = series.run(folder / name / f"{name}.ipynb")
    for cell in series.graded(notebook):
        assert series.stderr_of(cell) == ""
        points = cell.metadata.nbgrader.points
        assert series.text_of(cell).rstrip().endswith(str(float(points))), "a solution earns all points of its cell"
        assert cell.source.rstrip().endswith(f".points({points})"), "points stand in the cell's metadata and its last line"
    for cell in series.code_cells(notebook):
        if "lab.wait()" in cell.source:
            print(f"{name}: {series.duration(cell):.0f} s for\n{cell.source}")


def test_live_cells_are_left_out_while_grading():
    """nbclient skips what is tagged skip-execution; whatever starts a process must be tagged so."""
    for name in series.NAMES:
        for cell in series.code_cells(series.nbformat.read(series.SOURCE / name / f"{name}.ipynb", as_version=4)):
            tags = cell.metadata.get("tags", [])
            assert ("live" in tags) == ("skip-execution" in tags)
            if "Lab(" in cell.source or "lab." in cell.source or "newest_run(" in cell.source:
                assert "live" in tags, f"{name}: {cell.source[:60]}"
