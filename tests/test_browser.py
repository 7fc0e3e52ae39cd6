"""A student's whole way in a real browser: the released notebooks, right answers typed in, run from top to bottom.

Pictures of each notebook are left in build/screenshots.
"""

import pytest
import series
from series import ROOT

from autograder_tests.classroom import NAMES
from labkit.checks import cases

browser = pytest.importorskip("browser", reason="needs playwright")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

SCREENSHOTS = ROOT / "build" / "screenshots"
EXERCISES = {"01_rewards": ["reward_format", "reward_correct"], "02_rollout": ["gen_worker, PPO"], "03_ppo_loss": ["PPO_step"],
             "04_grpo": ["normalize_group_rewards", "gen_worker, GRPO"]}  # fmt: skip
PASSED = {name: [f"all {len(cases(exercise))} cases hold" for exercise in exercises] for name, exercises in EXERCISES.items()}
PASSED["05_report"] = ["all 7 cases hold"]
LATER = pytest.mark.series  # they train, and take each other's runs: six minutes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return series.copy(series.RELEASE, tmp_path_factory.mktemp("student"))


@pytest.fixture(scope="module")
def address(folder, tmp_path_factory):
    with browser.jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as address:
        yield address


@pytest.fixture(scope="module")
def page(address):
    with browser.chromium() as page:
        yield page


@pytest.mark.parametrize("name", [pytest.param(n, marks=LATER) if n >= "03" else n for n in NAMES])
def test_a_released_notebook_with_right_answers_runs_from_top_to_bottom(page, address, folder, name):
    for earlier in NAMES[: NAMES.index(name)]:  # later ones take functions from them
        series.fill(folder / earlier / f"{earlier}.ipynb")
    notebook = browser.Notebook.open(page, address, f"{name}/{name}.ipynb")
    typed = series.answers(name)
    for number, cell in enumerate(notebook.cells()):
        if cell["nbgrader"].get("solution"):
            notebook.type(number, typed.pop(cell["nbgrader"]["grade_id"]))
    assert not typed
    try:
        notebook.run_all(timeout=420)
    finally:
        notebook.screenshot(SCREENSHOTS / f"{name}.png")
    checked = [n for n, cell in enumerate(notebook.cells()) if cell["kind"] == "code" and cell["nbgrader"].get("grade")]
    for number, said in zip(checked, PASSED.get(name, []), strict=True):
        assert said in notebook.cell(number).inner_text()
    trainings = [n for n, cell in enumerate(notebook.cells()) if "lab.wait()" in cell["source"] and cell["kind"] == "code"]
    for number in trainings:
        assert len(notebook.pictures[number]) >= 5, "the figure of a run should change while it trains"
        assert len(notebook.cells()[number]["pictures"]) == 1, "and be one figure, updated in place"
    notebook.close()
