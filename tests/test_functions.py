"""Functions out of kernels, files, notebooks and folders; carried into another process; and their errors with their lines."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import series
import torch

from labkit import functions
from labkit.cli import REFERENCE
from labkit.errors import FunctionsError, StudentError
from labkit.functions import load_function


def notebook(path: Path, *cells: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    code = [{"cell_type": "code", "source": c.splitlines(keepends=True), "metadata": {}, "outputs": []} for c in cells]
    path.write_text(json.dumps({"cells": code, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    return path


STUBS = """
def reward_correct(item, answer): return 1.0
def gen_worker(worker): pass
def PPO_step(batch, engine, *, beta, clip_param): pass
def normalize_group_rewards(rewards): return rewards
"""


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_the_reference_loads(algorithm):
    got = functions.load_path(REFERENCE, algorithm)
    assert set(got.by_name) == set(functions.HOMES[algorithm])
    source = got.by_name["gen_worker"].__code__.co_filename
    assert ("04_grpo" if algorithm == "grpo" else "02_rollout") in source


def test_only_what_is_needed_runs(tmp_path):
    path = notebook(
        tmp_path / "nb.ipynb",
        "%matplotlib inline\nimport re",
        "PATTERN = re.compile('a')\nraise SystemExit('a cell that must not run')",
        "print('not this'); 1 / 0\nunused = 1 / 0",
        "def helper(text):\n    return bool(PATTERN.search(text))",
        "def reward_format(answer: str) -> float:\n    return 1.25 if helper(answer) else -1.0" + STUBS,
    )
    got = functions.load_path(path, "grpo")
    assert got.call("reward_format", "cat") == 1.25
    assert got.call("reward_format", "dog") == -1.0


def test_the_last_definition_counts(tmp_path):
    path = notebook(tmp_path / "nb.ipynb", "def reward_format(answer): return 1", STUBS, "def reward_format(answer): return 2")
    assert functions.load_path(path, "grpo").call("reward_format", "") == 2


def test_a_folder_of_the_series_is_read_by_number(tmp_path):
    notebook(
        tmp_path / "01_rewards" / "01_rewards.ipynb",
        "def reward_format(answer): return helper()\ndef helper(): return 7" + STUBS,
    )
    notebook(tmp_path / "02_rollout" / "02_rollout.ipynb", "def gen_worker(worker): return 'ppo'")
    notebook(tmp_path / "03_ppo_loss" / "03_ppo_loss.ipynb", STUBS)
    notebook(tmp_path / "04_grpo" / "04_grpo.ipynb",
             "def normalize_group_rewards(rewards): return 0\ndef gen_worker(worker): return reward_format('')")  # fmt: skip
    assert functions.load_path(tmp_path, "ppo").call("gen_worker", None) == "ppo"
    assert functions.load_path(tmp_path, "grpo").call("gen_worker", None) == 7


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("def reward_format(answer) return 1", r"nb.ipynb, cell 1, line 1: expected ':'"),
        ("x = 1", "missing: reward_format"),
        ("def reward_format(text): return 1", r"reward_format must take \(answer\); yours takes \(text\)"),
        ("reward_format = 3", "reward_format is int, not a function"),
        ("import no_such_module as reward_format", "ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, cell, reason):
    with pytest.raises(FunctionsError, match=reason):
        functions.load_path(notebook(tmp_path / "nb.ipynb", cell, STUBS), "grpo")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 3}', '{"cells": [{}]}'])
def test_a_broken_notebook_is_named(tmp_path, content):
    path = tmp_path / "nb.ipynb"
    path.write_text(content)
    with pytest.raises(FunctionsError, match="is not a notebook"):
        functions.load_path(path, "grpo")


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FunctionsError, match="does not exist"):
        functions.load_path(tmp_path / "no", "grpo")
    with pytest.raises(FunctionsError, match="holds no notebook 01_"):
        functions.load_path(tmp_path, "grpo")


SCRIPT = """
import sys
from pathlib import Path
from labkit import functions
from labkit.errors import StudentError
got = functions.load(Path(sys.argv[1]))
print(got.call("normalize_group_rewards", [[1.0, 3.0]]).tolist())
try:
    got.call("reward_correct", {"Q": "", "A": None}, "3")
except StudentError as error:
    print(error.student_traceback)
"""


def test_another_process_runs_them_and_shows_their_lines(tmp_path, reference):
    """Without the source files at hand: both definitions and lines travel in the pickle."""
    pickle = tmp_path / "functions.pkl"
    functions.dump(reference, pickle)
    done = subprocess.run([sys.executable, "-c", SCRIPT, pickle], capture_output=True, text=True, cwd=tmp_path, check=True)
    first, traceback = done.stdout.split("\n", 1)
    assert first == str([[-0.9999 / 1, 0.0]]) or torch.allclose(
        torch.tensor(json.loads(first)), torch.tensor([[-0.70706, 0.70706]]), atol=1e-4
    )
    assert 'item["A"].strip()' in traceback
    assert "labkit" not in traceback


def test_a_helper_module_beside_the_notebook_travels_by_value(tmp_path, monkeypatch):
    (tmp_path / "my_helpers.py").write_text("def seven(): return 7\n")
    notebook(tmp_path / "nb.ipynb", "from my_helpers import seven\ndef reward_format(answer): return seven()" + STUBS)
    monkeypatch.syspath_prepend(tmp_path)
    got = functions.load_path(tmp_path / "nb.ipynb", "grpo")
    functions.dump(got, tmp_path / "functions.pkl")
    script = "import sys, pathlib, labkit.functions as f; print(f.load(pathlib.Path(sys.argv[1])).call('reward_format', ''))"
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "functions.pkl"], capture_output=True, text=True, cwd="/")
    assert done.stdout.strip() == "7", done.stderr


def test_what_cannot_travel_is_named(tmp_path):
    lock = __import__("threading").Lock()

    def reward_format(answer):
        return lock

    names = dict.fromkeys(functions.HOMES["ppo"]) | {"reward_format": reward_format}
    got = functions.Functions(names, {})
    with pytest.raises(FunctionsError, match="cannot be sent to another process"):
        functions.dump(got, tmp_path / "f.pkl")


def test_errors_of_the_run_pass_through(reference):
    from labkit.errors import ProcessError

    def gen_worker(worker):
        raise ProcessError("the trainer died")

    got = functions.Functions({"gen_worker": gen_worker}, {})
    with pytest.raises(ProcessError, match="the trainer died"):
        got.call("gen_worker", None)


def test_a_student_error_names_function_type_and_line(reference):
    with pytest.raises(StudentError, match=r"reward_correct raised TypeError in 01_rewards.ipynb, cell \d+, line \d+"):
        reference.call("reward_correct", 3, "3")


def test_a_function_that_is_still_the_stub_is_named_before_anything_starts(tmp_path):
    series.copy(series.RELEASE, tmp_path)
    with pytest.raises(FunctionsError, match=r"reward_correct is not written yet in 01_rewards\.ipynb, cell \d+, line 3"):
        functions.earlier("reward_correct", folder=tmp_path)
    with pytest.raises(FunctionsError, match="not written yet"):
        functions.load_path(tmp_path, "grpo")


def test_looking_at_a_function_is_no_part_of_it(tmp_path: Path):
    """Calls into modules, loops and comprehensions over what is sampled: none of it runs where only the function is wanted."""
    path = notebook(
        tmp_path / "01_x.ipynb",
        "import logging, sys\nfor _ in range(3):\n    logging.error('x')",
        "def reward_format(answer):\n    logging.debug(answer)\n    return float(len(sys.path) > 0)",
        "sampled = 1 / 0\nformats = [reward_format(text) for _, text in sampled]",
        "for _, text in sampled:\n    sys.stdout.write(text)",
        "sys.stdout.flush(sampled)",
    )
    assert load_function(path, "reward_format")("x") == 1.0


def test_what_changes_a_definition_is_run_and_what_only_looks_at_one_is_not(tmp_path: Path):
    path = tmp_path / "answers.py"
    path.write_text(
        "from dataclasses import dataclass\n"
        "from decimal import Decimal, getcontext\n"
        "getcontext().prec = 60\n"
        "TABLE = {}\n"
        "TABLE['km'] = 1000\n"
        "TABLE['m'] = 0\n"
        "TABLE['m'] += 1\n"
        "try:\n"
        "    import a_package_that_is_not_there as best\n"
        "except ImportError:\n"
        "    best = max\n"
        "OTHER = {}\n"
        "OTHER['x'] = 1 / 0\n"
        "for key in ('cm', 'mm'):\n"
        "    TABLE.update({key: 2})\n"
        "TABLE.pop('mm')\n"
        "TABLE.pop('inch')\n"
        "OTHER.pop('x')\n"
        "if TABLE:\n"
        "    def twice(value): return 2 * value\n"
        "for answer in ('a', 'b'):\n"
        "    raise RuntimeError(answer)\n"
        "@dataclass\n"
        "class Pair:\n"
        "    first: object\n"
        "    def both(self): return self.first, best(TABLE.values())\n"
        "def reward_format(answer):\n"
        "    return *Pair(Decimal(1) / Decimal(3)).both(), TABLE['m'], twice(TABLE['cm']), 'mm' in TABLE\n"
    )
    third, most, *rest = load_function(path, "reward_format")("")
    assert (len(str(third)), most, *rest) == (62, 1000, 1, 4, False)
