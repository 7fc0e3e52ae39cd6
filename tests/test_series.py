"""The notebooks of source/: their form, and (`make series`) each run from top to bottom, live cells included."""

import shutil
import subprocess
import sys

import pytest
import series


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The series side by side, as a student has it: later notebooks take functions and runs from earlier ones."""
    return series.copy(series.SOURCE, tmp_path_factory.mktemp("series"))


@pytest.mark.series
@pytest.mark.slow
@pytest.mark.parametrize("name", series.NAMES)
def test_a_source_notebook_runs_from_top_to_bottom(folder, name):
    notebook = series.run(folder / name / f"{name}.ipynb")
    for cell in series.graded(notebook):
        assert series.stderr_of(cell) == ""
        points = float(cell.metadata.nbgrader.points)
        assert series.text_of(cell).rstrip().endswith(str(points)), "a solution earns all points of its cell"


@pytest.mark.parametrize("name", series.NAMES)
def test_points_stand_alike_in_the_metadata_and_in_the_last_line(name):
    for cell in series.graded(series.read(name)):
        assert cell.source.rstrip().endswith(f".points({cell.metadata.nbgrader.points})")


@pytest.mark.parametrize("name", series.NAMES)
def test_source_has_no_outputs_and_no_cell_is_long(name):
    for cell in series.read(name).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader"):
            assert len(cell.source.splitlines()) <= 20


@pytest.mark.parametrize("name", series.NAMES)
def test_source_and_release_differ_in_solutions_and_hidden_tests_alone(name):
    """So what runs in release/ with right answers typed in is what runs in source/."""
    source = [c for c in series.read(name).cells if not c.metadata.get("nbgrader", {}).get("solution")]
    release = [c for c in series.read(name, series.RELEASE).cells[1:] if not c.metadata.get("nbgrader", {}).get("solution")]
    for ours, theirs in zip(source, release, strict=True):
        lines, inside = [], False
        for line in ours.source.split("\n"):
            inside = inside or "BEGIN HIDDEN TESTS" in line
            if not inside:
                lines.append(line)
            inside = inside and "END HIDDEN TESTS" not in line
        assert "\n".join(lines) == theirs.source
        assert ours.id == theirs.id


@pytest.mark.slow
def test_release_and_an_installed_labkit_suffice(tmp_path):
    """No source/, no autograder_tests/: what a student has."""
    clone = tmp_path / "clone"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(series.ROOT / "labkit", clone / "labkit", ignore=ignored)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy2(series.ROOT / name, clone)
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index",
               "--target", str(tmp_path / "installed"), str(clone)]  # fmt: skip
    subprocess.run(command, check=True, timeout=120)
    shutil.rmtree(clone)

    folder = series.copy(series.RELEASE, tmp_path / "student")
    shutil.copy2(series.ROOT / "tests" / "data" / "record.json", folder / "05_report")
    for name in ("01_rewards", "03_ppo_loss", "05_report"):
        series.fill(folder / name / f"{name}.ipynb")
        notebook = series.read(name, folder)
        # "source" beside the package is what a clone has and an installation has not.
        seen = "import labkit, pathlib; here = pathlib.Path(labkit.__file__).parents[1]; here.name, (here / 'source').exists()"
        notebook.cells.append(series.nbformat.v4.new_code_cell(seen))
        series.nbformat.write(notebook, folder / name / f"{name}.ipynb")
        notebook = series.run(folder / name / f"{name}.ipynb", live=False, packages=tmp_path / "installed")
        assert series.text_of(notebook.cells[-1]) == "('installed', False)"
        for cell in series.graded(notebook):
            assert series.text_of(cell).rstrip().endswith(str(float(cell.metadata.nbgrader.points)))


def test_live_cells_are_left_out_while_grading():
    """nbclient skips what is tagged skip-execution; whatever starts a process must be tagged so."""
    for name in series.NAMES:
        for cell in series.code_cells(series.read(name)):
            tags = cell.metadata.get("tags", [])
            assert ("live" in tags) == ("skip-execution" in tags)
            if "Lab(" in cell.source or "lab." in cell.source or "newest_run(" in cell.source:
                assert "live" in tags, f"{name}: {cell.source[:60]}"
