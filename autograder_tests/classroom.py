"""A course folder and a class that hands in: made of the released notebooks and the bank, for tests and measurements."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat

from autograder_tests.expected import BANK
from labkit.config import PACKAGE

ROOT = PACKAGE.parent
NAMES = ("00_tour", "01_rewards", "02_rollout", "03_ppo_loss", "04_grpo", "05_report")
RECORD = ROOT / "tests" / "data" / "record.json"  # of a real run, GRPO on two cores
COURSE = ("source", "nbgrader_config.py", "autograder_tests")  # what `make release` and grading need, beside the package
# The cells in which students write, by their grade_id: the function that belongs there.
CELLS: Mapping[str, Mapping[str, str]] = {
    "01_rewards": {"reward_format": "reward_format", "reward_correct": "reward_correct"},
    "02_rollout": {"gen_worker": "gen_worker"},
    "03_ppo_loss": {"PPO_step": "PPO_step"},
    "04_grpo": {"normalize_group_rewards": "normalize_group_rewards", "gen_worker_grpo": "gen_worker"},
}


def make_course(folder: Path, names: tuple[str, ...] = NAMES) -> Path:
    """A course in `folder`, with its assignments released and a gradebook. Raises CalledProcessError where nbgrader fails."""
    for part in COURSE:
        origin, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "runs"))
        else:
            shutil.copy2(origin, target)
    for name in names:
        nbgrader(folder, "generate_assignment", name, "--force")
    return folder


def nbgrader(course: Path, *arguments: str, timeout: float = 3600) -> str:
    """What an instructor types in the course folder, its environment activated; returns what it printed."""
    return _command(course, "nbgrader", *arguments, timeout=timeout)


def labkit(course: Path, *arguments: str, timeout: float = 3600) -> str:
    return _command(course, "labkit", *arguments, timeout=timeout)


def _command(course: Path, program: str, *arguments: str, timeout: float) -> str:
    binaries = Path(sys.executable).parent
    done = subprocess.run(
        [binaries / program, *arguments], cwd=course, env=environment(), capture_output=True, text=True, timeout=timeout,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{program} {' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def environment() -> dict[str, str]:
    """This process's, with Python's programs on the PATH as `nbgrader` needs them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return kept | {"PATH": os.pathsep.join((str(Path(sys.executable).parent), kept["PATH"]))}


def hand_in(course: Path, student: str, name: str, answers: Mapping[str, str]) -> Path:
    """A student's submission to assignment `name`: the released notebook with `answers`, the text of a cell by its grade_id.
    Returns the notebook's path."""
    folder = course / "submitted" / student / name
    folder.mkdir(parents=True)
    notebook = nbformat.read(course / "release" / name / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in answers:
            cell.source = answers[grade_id]
    nbformat.write(notebook, folder / f"{name}.ipynb")
    if name == "05_report":
        shutil.copy2(RECORD, folder / "record.json")
    return folder / f"{name}.ipynb"


def answers(name: str, student: str, wrong: float = 0.4) -> dict[str, str]:
    """What `student`, whose name decides it, writes in the notebook `name`: out of the bank, wrong with this probability."""
    rng = random.Random(f"{student} {name}")
    kinds = {cell: "wrong" if rng.random() < wrong else "right" for cell in CELLS.get(name, {})}
    chosen = {cell: rng.choice(variants(name, kind, CELLS[name][cell])) for cell, kind in kinds.items()}
    # No two notebooks are the same, so that none profits from another's score.
    return {cell: f"{path.read_text(encoding='utf-8')}\n# {student}\n" for cell, path in chosen.items()}


def variants(name: str, kind: str, function: str = "*") -> list[Path]:
    """The bank's submissions of a kind to the notebook `name`."""
    return sorted((BANK / name / kind).glob(f"{function}__*.py"))
