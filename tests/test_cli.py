"""The command line: what it prints where something is wrong, and how light it is to import."""

import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labkit import cli, supervise
from labkit.config import PRESETS, RunConfig, RunDir
from labkit.errors import ConfigError
from labkit.metrics import read_jsonl


def labkit(*arguments: object, **kwargs) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "labkit.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **kwargs)


def test_import_labkit_is_light():
    """Under 0.3 s, and no engine comes along: compared with an empty interpreter, at the median of five."""

    def seconds(code: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - started

    heavy = "import sys, labkit; assert not {'torch', 'transformers', 'vllm', 'deepspeed', 'matplotlib'} & set(sys.modules)"
    assert statistics.median(seconds(heavy) for _ in range(5)) - statistics.median(seconds("") for _ in range(5)) < 0.3


def test_the_commands_are_those_that_the_readme_names():
    done = labkit("--help")
    assert done.returncode == 0
    for command in ("demo", "train", "ref-server", "doctor", "plot", "pretrain", "stop"):
        assert f"\n    {command}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["train", "--functions", "no/such"], 1, "no/such does not exist"),
        (["train", "--set", "colour=blue"], 2, "--set colour=blue: give FIELD=VALUE with a field of"),
        (["train", "--set", "group_size=7"], 2, "16 prompts x 7 = 112 rollouts does not divide"),
        (["train", "--set", "hostfile=no/such"], 2, "hostfile='no/such' is no file"),
        (["train", "--resume", "no/such"], 2, "no/such holds no run"),
        (["train", "--resume", "no/such", "--set", "seed=1"], 2, "--resume goes on with a run as it was begun"),
        (["plot", "no/such"], 2, "no/such holds no run"),
        (["train", "--preset", "huge"], 2, "invalid choice: 'huge'"),
        ([], 2, "required"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(tmp_path, arguments, status, words):
    done = labkit(*arguments, cwd=tmp_path)
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_stopping_where_nothing_runs(tmp_path):
    done = labkit("stop", cwd=tmp_path)
    assert done.returncode == 0
    assert "no run was running" in done.stdout


def test_a_demo_beside_one_that_runs_is_refused(tmp_path, capsys):
    run = RunDir(tmp_path / "run")
    run.create(RunConfig.create("tiny"))
    supervise.write_state(run, supervise.SUPERVISOR, "ready")  # this process
    with pytest.raises(SystemExit) as ended:
        cli.main(["demo", "--run", str(run.path)])
    assert ended.value.code == 2
    assert "still running (pid" in capsys.readouterr().err
    assert run.config.exists()


def test_overrides_are_read_as_json_or_text():
    assert cli._overrides(["liger=False", "hostfile=None"]) == {"liger": False, "hostfile": None}
    assert cli._overrides(["seed=3", "learning_rate=1e-4", "difficulty=easy", "offload=true"]) == {
        "seed": 3,
        "learning_rate": 1e-4,
        "difficulty": "easy",
        "offload": True,
    }
    with pytest.raises(ConfigError, match="FIELD=VALUE"):
        cli._overrides(["seed"])


def test_every_preset_can_be_created():
    for preset in PRESETS:
        assert RunConfig.create(preset).preset == preset


@pytest.fixture
def started():
    """Starts commands; ends what is left of them."""
    processes: list[subprocess.Popen] = []

    def start(*command: str) -> subprocess.Popen:
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


@pytest.mark.slow
def test_three_terminals(tmp_path, started):
    """The course's own commands, typed by hand: each process finds the others, and all end when the training has."""
    run = tmp_path / "run"
    python = [sys.executable, "-m"]
    steps = ["--set", "optimizer_steps=2", "--set", "heldout_problems=16"]
    server = started(*python, "labkit.cli", "ref-server", "--run", str(run), *steps)
    while not (run / "functions.pkl").exists():
        assert server.poll() is None
        time.sleep(0.1)
    trainer = started(
        *python, "deepspeed.launcher.runner", "--num_accelerators", "1", "--module", "labkit.trainer", "--run", str(run)
    )
    rollout = started(*python, "labkit.rollout", "--run", str(run))
    for process in (trainer, rollout, server):
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
    assert len(read_jsonl(run / "metrics.jsonl")) == 2
    assert "held-out problems under weights 2" in (run / "logs" / "rollout.log").read_text()
    [weights] = (run / "state" / "scratch").read_text().splitlines()
    assert not Path(weights).exists()  # in shared memory; there is no supervisor to remove it


@pytest.mark.slow
def test_the_reference_server_alone_in_the_foreground(tmp_path, started):
    """Ctrl-C ends it."""
    run = tmp_path / "run"
    process = started(sys.executable, "-m", "labkit.cli", "ref-server", "--run", str(run))
    deadline = time.monotonic() + 60
    while not run.exists() or (state := supervise.read_state(RunDir(run), "ref_server")) is None or state.phase != "ready":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "listening on 127.0.0.1" in output
