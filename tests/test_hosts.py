"""Trainers on two hosts, as DeepSpeed's hostfile names them."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hosts import Host, hosts, missing

from labkit import supervise
from labkit.config import RunDir
from labkit.metrics import read_jsonl

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture
def two_hosts(tmp_path):
    with hosts(tmp_path, ["node1", "node2"]) as found:
        yield found


def start(two_hosts, folder: Path, **fields) -> subprocess.Popen:
    """`labkit train` on the first host, with a trainer on each."""
    (first, _), environment = two_hosts
    (folder / "hostfile").write_text("node1 slots=1\nnode2 slots=1\n")
    fields = {"hostfile": folder / "hostfile", "num_trainers": 2, "micro_batch_size": 32, "heldout_problems": 16} | fields
    chosen = [word for name, value in fields.items() for word in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "labkit.cli", "train", "--run", str(folder / "run"), *chosen]
    return subprocess.Popen(first.enter(*command), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True)  # fmt: skip


def assert_nothing_left(found: list[Host], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while left := {host.name: host.processes() for host in found if host.processes()}:
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def test_a_run_with_a_trainer_on_each_of_two_hosts(two_hosts, tmp_path):
    process = start(two_hosts, tmp_path, optimizer_steps=4)
    said, _ = process.communicate(timeout=240)
    run = RunDir(tmp_path / "run")
    assert process.returncode == 0, said + supervise.log_tail(run, "trainer", 60)
    lines = read_jsonl(run.metrics)
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert {line["completion_tokens"] > 0 for line in lines} == {True}
    assert "node2: " in run.log("trainer").read_text()
    assert_nothing_left(two_hosts[0])


@pytest.mark.parametrize("whom", ["the run", "all that could end it"])
def test_a_run_that_ends_early_leaves_nothing_on_either_host(two_hosts, tmp_path, whom):
    process, run = start(two_hosts, tmp_path, optimizer_steps=10_000), RunDir(tmp_path / "run")
    while len(read_jsonl(run.metrics)) < 2:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.2)
    assert any("labkit.trainer" in line for line in two_hosts[0][1].processes())
    if whom == "the run":
        process.send_signal(signal.SIGINT)
    else:
        supervisor = supervise.read_state(run, supervise.SUPERVISOR)
        subprocess.run(["kill", "-KILL", str(supervisor.pid), str(process.pid)], check=True)
    process.communicate(timeout=60)
    assert_nothing_left(two_hosts[0], 60)
