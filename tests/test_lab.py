"""Whole runs: three real processes on the tiny policy, started and ended in every way that a user might."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from labkit import supervise
from labkit.config import RunDir
from labkit.errors import ConfigError, ProcessError, StudentError
from labkit.functions import Functions
from labkit.lab import Lab, stop_run
from labkit.metrics import read_jsonl

pytestmark = pytest.mark.slow

SHORT = {"optimizer_steps": 4, "heldout_problems": 32}


def processes_of(run: Path) -> list[psutil.Process]:
    """Whatever runs with this run's directory on its command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(run) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid():
                found.append(process)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


def assert_nothing_left(run: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while left := processes_of(run):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    scratch = run / "state" / "scratch"
    assert not any(Path(path).exists() for path in (scratch.read_text().split() if scratch.exists() else []))


@pytest.mark.parametrize(("algorithm", "engine"), [("grpo", "vllm"), ("ppo", "vllm"), ("grpo", "transformers")])
def test_a_whole_run(tmp_path, reference, ppo_reference, algorithm, engine, monkeypatch):
    """Also where there is no compiler: whatever tries to compile something fails the run."""
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "nothing-compiled-before"))
    run = tmp_path / "run"
    given = reference if algorithm == "grpo" else ppo_reference
    with Lab("tiny", given, algorithm=algorithm, run=run, engine=engine, **SHORT) as lab:
        summary = lab.wait()
    assert_nothing_left(run)
    assert [line["step"] for line in read_jsonl(run / "metrics.jsonl")] == [1, 2, 3, 4]
    wanted = {"seconds_to_format_08", "format_first", "format_last", "correct_heldout_before", "correct_heldout_after",
              "reward_first", "reward_last", "optimizer_steps", "rollouts", "seconds", "engine", "seed"}  # fmt: skip
    assert wanted <= set(summary)
    assert summary == json.loads((run / "summary.json").read_text())
    assert summary["rollouts"] == 4 * 64
    assert (run / "reward_curves.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    samples = read_jsonl(run / "samples.jsonl")
    assert samples
    assert {"problem", "completion", "reward_format", "reward_correct", "weight_version"} <= set(samples[0])
    before, after = read_jsonl(run / "heldout.jsonl")
    assert (before["weight_version"], after["weight_version"]) == (0, 4)
    # What vLLM sampled under version 0 is what the trainer computes before its first update.
    assert read_jsonl(run / "metrics.jsonl")[0]["logprob_gap"] < 1e-4
    assert (run / "checkpoints" / "policy" / "config.json").exists()
    with pytest.raises(ConfigError, match="already holds a run"):
        Lab("tiny", given, algorithm=algorithm, run=run).start()


@pytest.fixture(scope="session")
def ppo_reference() -> Functions:
    from labkit import functions
    from labkit.cli import REFERENCE

    return functions.load_path(REFERENCE, "ppo")


def changed(reference: Functions, tmp_path: Path, name: str, source: str) -> Functions:
    """The reference functions with one of them taken from a file of its own."""
    from labkit import functions

    path = tmp_path / "mine.py"
    path.write_text(source)
    mine = functions._Definitions(path).get([name])
    return functions.collect({**reference.by_name, **mine}, "grpo")


@pytest.mark.parametrize(
    ("name", "source", "line"),
    [
        ("reward_correct", "def reward_correct(item, answer):\n    return item['Answer'] == answer\n", "item['Answer'] =="),
        ("gen_worker", "def gen_worker(worker):\n    worker.generate([3], n=2)\n", "worker.generate([3], n=2)"),
        (
            "PPO_step",
            "def PPO_step(batch, engine, *, beta, clip_param):\n    batch['input']\n",
            "batch['input']",
        ),
    ],
)
def test_a_students_error_comes_out_of_any_process(tmp_path, reference, name, source, line):
    run = tmp_path / "run"
    with (
        pytest.raises(StudentError, match=name) as caught,
        Lab("tiny", changed(reference, tmp_path, name, source), run=run, **SHORT) as lab,
    ):
        lab.wait()
    assert line in caught.value.student_traceback
    assert_nothing_left(run)


def start_demo(run: Path, *arguments: str) -> subprocess.Popen:
    """`labkit demo` in a terminal of its own, until it trains."""
    command = [sys.executable, "-m", "labkit.cli", "demo", "--run", str(run), "--set", "heldout_problems=32", *arguments]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 120
    while not read_jsonl(run / "metrics.jsonl"):
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return process


def test_ctrl_c_in_a_terminal_ends_the_run(tmp_path):
    process = start_demo(tmp_path / "run")
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; every process of the run has ended" in output
    assert_nothing_left(tmp_path / "run", 1)


def test_a_killed_parent_leaves_nothing(tmp_path):
    process = start_demo(tmp_path / "run")
    process.kill()
    process.wait()
    assert_nothing_left(tmp_path / "run")


def test_stop_from_another_terminal_and_a_picture_of_what_there_is(tmp_path):
    run = tmp_path / "run"
    process = start_demo(run)
    while len(read_jsonl(run / "metrics.jsonl")) < 3:
        time.sleep(0.2)
    assert stop_run(RunDir(run))
    process.communicate(timeout=60)
    assert_nothing_left(run, 1)
    assert not stop_run(RunDir(run))
    done = subprocess.run([sys.executable, "-m", "labkit.cli", "plot", str(run)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (run / "reward_curves.png").exists()


@pytest.mark.parametrize("name", ["ref_server", "rollout", "trainer"])
def test_a_process_that_is_killed_is_named_within_seconds_and_the_rest_ends(tmp_path, reference, name):
    run = tmp_path / "run"
    lab = Lab("tiny", reference, run=run, optimizer_steps=1000, heldout_problems=32)
    with lab:
        os.kill(supervise.read_state(lab.run, name).pid, signal.SIGKILL)
        killed = time.monotonic()
        with pytest.raises(ProcessError, match=f"the {name} process") as caught:
            lab.watch()
    assert time.monotonic() - killed < 30
    assert "last lines of" in str(caught.value)
    assert_nothing_left(run)


def test_a_run_goes_on_from_its_checkpoint(tmp_path, reference):
    run = tmp_path / "run"
    lab = Lab("tiny", reference, run=run, optimizer_steps=8, checkpoint_every=2, heldout_problems=32)
    with lab:
        while len(read_jsonl(run / "metrics.jsonl")) < 3:
            time.sleep(0.1)
    with Lab.resume(run) as again:
        summary = again.wait()
    assert [line["step"] for line in read_jsonl(run / "metrics.jsonl")] == list(range(1, 9))
    assert summary["optimizer_steps"] == 8
    assert_nothing_left(run)


@pytest.mark.parametrize("name", ["supervisor", "trainer"])
def test_a_run_that_runs_cannot_go_on_and_loses_nothing(tmp_path, reference, name):
    """The weights that an ended run has left are removed, once it is known to have ended."""
    lab = Lab("tiny", reference, run=tmp_path / "run").prepare()
    (lab.run.checkpoints / "latest").parent.mkdir(exist_ok=True)
    (lab.run.checkpoints / "latest").touch()
    weights = tmp_path / "weights"
    weights.mkdir()
    (lab.run.state / "scratch").write_text(f"{weights}\n")
    started = (lab.run.state / "started").read_text()
    supervise.write_state(lab.run, name, "ready")  # this process
    with pytest.raises(ConfigError, match=rf"is still running \(its {name}, pid \d+\)"):
        Lab.resume(lab.run.path)
    assert weights.exists()
    supervise.write_state(lab.run, name, "done")
    again = Lab.resume(lab.run.path)
    assert not weights.exists()
    assert (again.run.state / "started").read_text() == started


def test_a_run_without_a_checkpoint_cannot_go_on(tmp_path, reference):
    lab = Lab("tiny", reference, run=tmp_path / "run")
    lab.run.create(lab.config)
    from labkit import functions

    functions.dump(reference, lab.run.functions)
    with pytest.raises(ConfigError, match="holds no checkpoint to go on from"):
        Lab.resume(tmp_path / "run")
