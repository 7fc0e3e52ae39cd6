"""The bank through the real pipeline: nothing right is refused, nothing wrong accepted, nothing hostile gets away with it."""

import json
import shutil
from pathlib import Path

import pytest

from autograder_tests.bank import __main__ as bank
from autograder_tests.expected import BANK, reference

LEAST = {"right": 12, "wrong": 60, "hostile": 25}


@pytest.mark.slow
def test_no_false_refusal_no_false_acceptance_no_escape():
    results = bank.run(BANK, seed=41, progress=False)
    assert [f"{r.problem}: {r.path} ({r.said})" for r in results if r.problem] == []
    assert all(sum(r.kind == kind for r in results) >= least for kind, least in LEAST.items())
    for kind in LEAST:
        assert {r.function for r in results if r.kind == kind} == set(reference())


@pytest.mark.slow
def test_the_command_notices_what_is_filed_wrongly(tmp_path: Path):
    """As a folder from elsewhere: names of its own, a topic by its number."""
    wrong, right = (BANK / "01_rewards" / f"{name}.py" for name in ("wrong/reward_format__false", "right/reward_format__split"))
    for kind, origin, name in (("right", wrong, "a"), ("wrong", right, "b"), ("hostile", right, "c"), ("wrong", wrong, "d")):
        (tmp_path / "01" / kind).mkdir(parents=True, exist_ok=True)
        shutil.copy2(origin, tmp_path / "01" / kind / f"{name}.py")
    (tmp_path / "01" / "hostile" / "e.ipynb").write_text("no notebook")
    results = {(r.path.name, r.function): r.problem for r in bank.run(tmp_path, 3, jobs=1, progress=False)}
    assert results == {
        ("a.py", "reward_format"): "false refusal", ("b.py", "reward_format"): "false acceptance",
        ("c.py", "reward_format"): "escape: earned points", ("d.py", "reward_format"): "",
        ("e.ipynb", "reward_format"): "", ("e.ipynb", "reward_correct"): "",
    }  # fmt: skip


def test_traces_are_noticed_once(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(bank, "PLACES", (tmp_path,))
    (tmp_path / bank.MARK).touch()
    traces = bank.Traces(calls=2)
    assert traces.new() == [f"wrote {tmp_path / bank.MARK}", "called this machine 2 times"]
    assert traces.new() == []


@pytest.mark.slow
def test_equivalent_and_earning_ones_are_judged_as_right(tmp_path: Path):
    folder = tmp_path / "01_rewards"
    right = next((BANK / "01_rewards" / "right").glob("reward_format__*.py")).read_text().split('"""', 2)[2]
    for kind, says in (("wrong", "Equivalent: as right as any."), ("hostile", "Earns its points: prints a little.")):
        (folder / kind).mkdir(parents=True)
        (folder / kind / "reward_format__x.py").write_text(f'"""{says}"""\n{right}')
    assert [r.problem for r in bank.run(tmp_path, 3, progress=False)] == ["", ""]


@pytest.mark.parametrize("path", sorted(BANK.glob("*/*/*.*")), ids=lambda p: f"{p.parts[-3]}-{p.stem}")
def test_each_file_is_small_and_says_what_it_shows(path: Path):
    assert path.stat().st_size < 30_000
    if path.suffix == ".py":
        assert len(bank.shown(path).splitlines()[0]) >= 10


def test_notebooks_say_in_their_first_cell_that_they_earn(tmp_path: Path):
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps({"cells": [{"source": ["Earns its points: ", "yes"]}]}))
    assert bank.shown(path) == "Earns its points: yes"
