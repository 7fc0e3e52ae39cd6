"""State files, dead peers, and the supervisor: nothing waits for the dead, nothing outlives its parent."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest

from labkit import supervise
from labkit.client import ReferenceClient
from labkit.config import RunConfig, RunDir
from labkit.errors import ProcessError, ServerError, StudentError
from labkit.lab import Lab


def state(run: RunDir, name: str, **changes) -> None:
    """A state file of this very process, with changes."""
    me = psutil.Process()
    record = {
        "phase": "ready",
        "pid": me.pid,
        "created": me.create_time(),
        "host": os.uname().nodename,
        "version": "0",
        "facts": {},
    }
    (run.state / f"{name}.json").write_text(json.dumps(record | changes))


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_living_process_is_alive_and_a_dead_one_is_named_with_its_log(run):
    state(run, "trainer")
    assert supervise.check_peer(run, "trainer").phase == "ready"
    run.log("trainer").write_text("line 1\nthe last words\n")
    state(run, "trainer", pid=dead_pid())
    with pytest.raises(ProcessError, match=r"the trainer process \(pid \d+\) died without a word[\s\S]*the last words"):
        supervise.check_peer(run, "trainer")


def test_a_pid_that_was_given_to_another_process_is_not_alive(run):
    state(run, "trainer", created=psutil.Process().create_time() - 1000)
    with pytest.raises(ProcessError, match="died without a word"):
        supervise.check_peer(run, "trainer")


def test_a_process_that_is_done_may_be_gone(run):
    state(run, "trainer", pid=dead_pid(), phase="done")
    assert supervise.check_peer(run, "trainer").phase == "done"


def test_a_process_on_another_machine_counts_as_alive(run):
    state(run, "trainer", pid=dead_pid(), host="another-host")
    assert supervise.check_peer(run, "trainer").phase == "ready"


def test_a_students_error_comes_back_as_theirs(run):
    state(run, "rollout", phase="failed", facts={"error": "gen_worker raised", "student_traceback": "my line 3"})
    with pytest.raises(StudentError) as caught:
        supervise.check_peer(run, "rollout")
    assert caught.value.student_traceback == "my line 3"
    assert "my line 3" in caught.value._render_traceback_()


def test_waiting_ends_with_what_to_do(run):
    with pytest.raises(ProcessError, match=r"has not been started; start it with `python -m labkit.ref_server --run"):
        supervise.wait_ready(run, "ref_server", timeout=0.1)
    state(run, "ref_server", phase="starting")
    with pytest.raises(ProcessError, match="is still starting"):
        supervise.wait_ready(run, "ref_server", timeout=0.1)


def test_a_client_names_the_dead_server_within_seconds(run, config, batch):
    """The trainer's and the worker's side of a server that was killed: no endless waiting."""
    state(run, "ref_server", facts={"port": 1, "token": "x"})
    state(run, "rollout")
    client = ReferenceClient(run, config, peer="rollout")
    started = time.monotonic()
    with pytest.raises(ServerError, match="does not answer"):
        client.get()
    state(run, "ref_server", pid=dead_pid(), facts={"port": 1, "token": "x"})
    with pytest.raises(ProcessError, match="the ref_server process"):
        client.upload(batch)
    assert time.monotonic() - started < 5


def test_a_server_that_dies_in_the_middle_of_an_answer_is_named(run, config):
    """It is not the student's function that raised, though that had called for it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def half_an_answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe first half")

        threading.Thread(target=half_an_answer, daemon=True).start()
        state(run, "ref_server", facts={"port": listening.getsockname()[1], "token": "x"})
        state(run, "trainer")
        with pytest.raises(ServerError, match=r"does not answer: .*14 bytes read, 86 more expected"):
            ReferenceClient(run, config, peer="trainer").wait_for_room()


@pytest.mark.parametrize("name", supervise.PROCESSES)
def test_gpus_have_the_numbers_of_nvidia_smi_in_every_process(run, name):
    assert supervise.environment(run, RunConfig.create("qwen2.5-3b"), name)["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


@pytest.mark.parametrize(("processes", "peer"), [(("ref_server", "rollout"), "rollout"), (("ref_server",), "trainer")])
def test_whoever_gets_a_batch_hears_of_who_feeds_the_server(tmp_path, reference, processes, peer):
    """In place of the trainer, in a notebook: a rollout worker that fails is named, and not the server."""
    lab = Lab("tiny", reference, run=tmp_path / "run", processes=processes).prepare()
    state(lab.run, "ref_server", facts={"port": 1, "token": "x"})
    state(lab.run, peer, phase="failed", facts={"error": "gen_worker raised KeyError", "student_traceback": "my line 3"})
    lab._supervisor = "a fake: none is asked"
    with pytest.raises(StudentError, match="gen_worker raised KeyError"):
        lab.get()


SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"]
# A child that leaves its session's grandchild behind in a session of its own.
ORPHANER = f"import subprocess, sys, time; subprocess.Popen({SLEEPER!r}, start_new_session=True); time.sleep(600)"
PARENT = [sys.executable, "-c", ORPHANER]

FAKE_SUPERVISOR = """
import sys, json
from pathlib import Path
from labkit import supervise
from labkit.config import RunDir
supervise.GRACE = 1.0
supervise.commands = lambda run, config: json.loads(sys.argv[2])  # a fake: other commands in place of the three
run = RunDir(Path(sys.argv[1]))
supervise._log_to(run.log("supervisor"))
sys.exit(supervise.supervise(run, run.load_config()))
"""


@pytest.fixture
def supervised(run):
    """Starts the real supervisor on other commands; yields (start, pids)."""
    started = []

    def start(**commands) -> subprocess.Popen:
        parent = subprocess.Popen([sys.executable, "-c", FAKE_SUPERVISOR, str(run.path), json.dumps(commands)],
                                  stdin=subprocess.PIPE, start_new_session=True)  # fmt: skip
        started.append(parent)
        deadline = time.monotonic() + 20
        while (s := supervise.read_state(run, "supervisor")) is None or s.phase == "starting":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return parent

    yield start
    for parent in started:
        if parent.poll() is None:
            parent.kill()
            parent.wait()


def family(parent: subprocess.Popen, at_least: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 10
    while len(found := psutil.Process(parent.pid).children(recursive=True)) < at_least:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def gone(processes: list[psutil.Process], seconds: float = 10) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]


def test_when_the_pipe_closes_all_end_the_stubborn_and_the_grandchildren_too(supervised):
    parent = supervised(ref_server=SLEEPER, rollout=STUBBORN, trainer=PARENT)
    children = family(parent, 4)
    time.sleep(0.5)  # until the stubborn one has become so
    parent.stdin.close()
    assert parent.wait(20) == 0
    assert gone(children)


def test_when_told_to_stop_all_end(supervised):
    parent = supervised(ref_server=SLEEPER, rollout=SLEEPER, trainer=SLEEPER)
    children = family(parent, 3)
    parent.send_signal(signal.SIGINT)  # Ctrl-C is for the parent
    time.sleep(0.3)
    assert parent.poll() is None
    parent.terminate()
    assert parent.wait(20) == 0
    assert gone(children)


def test_when_one_dies_the_others_end_and_its_death_is_written_down(supervised, run):
    crash = [sys.executable, "-c", "import os, sys; print('last words', file=sys.stderr); os.kill(os.getpid(), 9)"]
    parent = supervised(ref_server=SLEEPER, rollout=SLEEPER, trainer=crash)
    assert parent.wait(20) == 1
    with pytest.raises(ProcessError, match=r"the trainer process failed: was killed by SIGKILL[\s\S]*last words"):
        supervise.check_peer(run, "trainer")


def test_a_process_that_ends_without_having_finished_has_failed(supervised, run):
    """DeepSpeed's launcher exits 0 when it was killed: only the process's own word counts."""
    parent = supervised(ref_server=SLEEPER, rollout=SLEEPER, trainer=[sys.executable, "-c", ""])
    assert parent.wait(20) == 1
    with pytest.raises(ProcessError, match="ended with status 0 before its work was done"):
        supervise.check_peer(run, "trainer")


WATCHED = """
import time
from labkit import supervise
supervise.GRACE = 1.0
supervise.process_main("trainer", lambda run, config: time.sleep(600), __import__("sys").argv[1:])
"""


def test_when_the_supervisor_is_killed_its_processes_end_themselves(supervised, run, tmp_path):
    watched = [sys.executable, "-c", WATCHED, "--run", str(run.path)]
    parent = supervised(ref_server=watched, rollout=watched, trainer=watched)
    children = family(parent, 3)
    while supervise.read_state(run, "trainer") is None:
        time.sleep(0.05)
    weights = tmp_path / "labkit-weights-0"
    (weights / "step-1").mkdir(parents=True)
    (run.state / "scratch").write_text(f"{weights}\n")
    time.sleep(1)
    parent.kill()
    assert gone(children, 15)
    assert not weights.exists()  # nothing stays in shared memory


def test_a_process_tells_its_failure(run):
    script = "from labkit import supervise\ndef main(run, config): 1 / 0\nsupervise.process_main('trainer', main)"
    done = subprocess.run([sys.executable, "-c", script, "--run", str(run.path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "ZeroDivisionError" in run.log("trainer").read_text()
    with pytest.raises(ProcessError, match="the trainer process failed: ZeroDivisionError: division by zero"):
        supervise.check_peer(run, "trainer")


def test_a_directory_without_a_run_is_named(tmp_path):
    done = subprocess.run([sys.executable, "-m", "labkit.ref_server", "--run", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "holds no run: config.json is missing" in done.stderr
