"""A run's processes: their state files, how one notices that another died, and the supervisor that ends them all.

Each process writes `state/NAME.json` (pid, when it was created, and its phase: starting, ready, done, failed). A process
that waits for another looks there, so it can say who died, with the last lines of its log, instead of waiting on.

The supervisor (`python -m labkit.supervise --run DIR`) starts the three commands, each in a session of its own, and holds
a pipe from whoever started it. When one process fails, when it is told to stop, or when the pipe closes because its parent
is gone, it ends them all: SIGTERM, a wait, SIGKILL, and a sweep for stragglers. It ignores Ctrl-C: that is for its parent.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import json
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from labkit import __version__
from labkit.config import RunConfig, RunDir, write_atomic
from labkit.errors import LabError, ProcessError, StudentError

PROCESSES = ("ref_server", "rollout", "trainer")
USE_WEIGHTS = ("rollout", "trainer")  # the published ones
SUPERVISOR = "supervisor"
SUPERVISOR_PID = "LABKIT_SUPERVISOR_PID"  # in the environment of the processes it started
GRACE = 10.0  # seconds between SIGTERM and SIGKILL
Phase = Literal["starting", "ready", "done", "failed"]

log = logging.getLogger(__name__)


# --- state files ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProcessState:
    """What `state/NAME.json` says of a process."""

    name: str
    phase: Phase
    pid: int
    created: float  # seconds since the epoch: with the pid, it names one process for good
    host: str
    version: str  # labkit's
    facts: dict[str, Any]

    @property
    def here(self) -> bool:
        """Whether it is one of this machine's."""
        return self.host == socket.gethostname()

    @property
    def at_work(self) -> bool:
        """Whether the process has not said that it ended, and runs."""
        return self.phase in ("starting", "ready") and self.alive()

    def alive(self) -> bool:
        """Whether the process runs. One on another machine cannot be seen from here, and counts as running."""
        if not self.here:
            return True
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.created) < 2 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def write_state(run: RunDir, name: str, phase: Phase, **facts: Any) -> None:
    me = psutil.Process()
    record = {"phase": phase, "pid": me.pid, "created": me.create_time(), "host": socket.gethostname(),
              "version": __version__, "facts": facts}  # fmt: skip
    write_atomic(run.state / f"{name}.json", json.dumps(record) + "\n")


def read_state(run: RunDir, name: str) -> ProcessState | None:
    """None where the process has not yet said anything."""
    try:
        return ProcessState(name=name, **json.loads((run.state / f"{name}.json").read_text()))
    except FileNotFoundError:
        return None


def log_tail(run: RunDir, name: str, lines: int = 12) -> str:
    path = run.log(name)
    if not path.exists():
        return "(it left no log)"
    return "\n".join("    " + line for line in path.read_text(errors="replace").splitlines()[-lines:]) or "(its log is empty)"


def failure(run: RunDir, name: str) -> ProcessError | StudentError | None:
    """The error to raise where process `name` has failed or vanished; None while it is well or not yet started."""
    state = read_state(run, name)
    if state is None or state.phase == "done":
        return None
    if state.phase == "failed":
        if state.facts.get("student_traceback"):
            return StudentError(f"{state.facts['error']} (in the {name} process)", state.facts["student_traceback"])
        what = f"failed: {state.facts['error']}"
    elif not state.alive():
        what = f"(pid {state.pid}) died without a word"
    else:
        return None
    return ProcessError(f"the {name} process {what}\n  last lines of {run.log(name)}:\n{log_tail(run, name)}")


def first_failure(run: RunDir) -> ProcessError | StudentError | None:
    """The failure that was written down first: those that came later may be its consequences. None where all is well."""
    files = [run.state / f"{name}.json" for name in PROCESSES]
    failed = [(f.stat().st_mtime, f.stem) for f in files if (s := read_state(run, f.stem)) and s.phase == "failed"]
    return failure(run, min(failed)[1]) if failed else None


def check_peer(run: RunDir, name: str) -> ProcessState | None:
    """The state of process `name`. Raises its failure, where it has failed or vanished."""
    if (error := failure(run, name)) is not None:
        raise error
    return read_state(run, name)


def wait_ready(run: RunDir, name: str, timeout: float) -> ProcessState:
    """Wait until process `name` is ready. Raises ProcessError where it dies, or after `timeout` seconds."""
    deadline, told = time.monotonic() + timeout, time.monotonic()
    while True:
        state = check_peer(run, name)
        if state is not None and state.phase in ("ready", "done"):
            return state
        if time.monotonic() > deadline:
            what = "has not been started" if state is None else "is still starting"
            raise ProcessError(
                f"waited {timeout:.0f} s for the {name} process, which {what}; start it with "
                f"`python -m labkit.{name} --run {run.path}`, or raise start_timeout\n{log_tail(run, name)}"
            )
        if time.monotonic() - told > 10:
            log.info("waiting for the %s process (%s)", name, "not started yet" if state is None else state.phase)
            told = time.monotonic()
        time.sleep(0.05)


def stopping(run: RunDir) -> bool:
    """Whether the run was asked to stop."""
    return (run.state / "stop").exists()


# --- one process ---------------------------------------------------------------------------------------------------


def process_main(name: str, main: Callable[[RunDir, RunConfig], None], argv: list[str] | None = None) -> None:
    """The `main` of each process: `--run DIR`, a log, a state file, and on failure its reason written down.

    Exits 0 when done, 1 on failure, 143 when it was told to end.
    """
    parser = argparse.ArgumentParser(prog=f"python -m labkit.{name}")
    parser.add_argument("--run", required=True, type=Path, help="the run's directory, made by `labkit train` or Lab")
    parser.add_argument("--local_rank", type=int, default=0, help=argparse.SUPPRESS)  # given by the deepspeed launcher
    run = RunDir(parser.parse_args(argv).run.resolve())
    rank = int(os.environ.get("RANK", "0"))
    try:
        config = run.load_config()
    except LabError as error:
        sys.exit(f"labkit.{name}: {error}")
    _log_to(run.log(name))
    signal.signal(signal.SIGTERM, _exit_on_signal)
    if SUPERVISOR_PID in os.environ:
        threading.Thread(target=_end_with_supervisor, args=(run, name, rank), name="watchdog", daemon=True).start()
    if rank == 0:
        write_state(run, name, "starting")
    try:
        with _failure_written(run, name):
            main(run, config)
        if rank == 0:
            facts = read_state(run, name)
            write_state(run, name, "done", **(facts.facts if facts else {}))
    finally:
        if SUPERVISOR_PID not in os.environ and rank == 0 and name in USE_WEIGHTS:
            _remove_scratch_as_last(run, name)


def _remove_scratch_as_last(run: RunDir, name: str) -> None:
    """Of the two that use the weights in shared memory, the one that ends last removes them. Each has said that it ends before
    it looks at the other."""
    others = [read_state(run, other) for other in USE_WEIGHTS if other != name]
    if not any(state and state.at_work for state in others):
        remove_scratch(run)


def _end_with_supervisor(run: RunDir, name: str, rank: int) -> None:
    """End this process when its supervisor has ended, or was killed: then it cannot do it. A process on another machine is
    not the supervisor's to end; there the state file tells it."""
    while _supervised(run):
        time.sleep(1.0)
    writes = name == "trainer" and rank == 0  # then it is the one to remove what is written there, once it writes no more
    if writes:
        atexit.register(remove_scratch, run)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    if writes:
        remove_scratch(run)
    os._exit(1)


def remove_scratch(run: RunDir) -> None:
    """What the run keeps outside its directory: weights in shared memory."""
    for path in (run.state / "scratch").read_text().splitlines() if (run.state / "scratch").exists() else []:
        shutil.rmtree(path, ignore_errors=True)


def _supervised(run: RunDir) -> bool:
    state = read_state(run, SUPERVISOR)
    if state is None or state.pid != int(os.environ[SUPERVISOR_PID]):
        return False
    return state.at_work


def _exit_on_signal(signum: int, frame: Any) -> None:
    sys.exit(128 + signum)


@contextlib.contextmanager
def _failure_written(run: RunDir, name: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        log.info("interrupted")
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the end of a process: whatever it was gets written down
        kind = "" if isinstance(error, LabError) else f"{type(error).__name__}: "
        facts = {"error": f"{kind}{error}"}
        if isinstance(error, StudentError):
            facts["student_traceback"] = error.student_traceback
            log.error("%s\n%s", error, error.student_traceback)
        else:
            log.error("%s", traceback.format_exc())
        state = read_state(run, name)
        if state is None or state.phase != "failed":  # of several ranks, the first to fail is told of
            write_state(run, name, "failed", **facts)
        sys.exit(1)


def _log_to(path: Path) -> None:
    """Log to stderr, and to `path` too where stderr is not that file already."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if not (path.exists() and os.path.samestat(os.fstat(2), path.stat())):
        handlers.append(logging.FileHandler(path))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", datefmt="%H:%M:%S",
                        handlers=handlers, force=True)  # fmt: skip


# --- the supervisor ------------------------------------------------------------------------------------------------


def commands(run: RunDir, config: RunConfig) -> dict[str, list[str]]:
    """The three commands of a run, as anybody would type them."""
    where = ["--run", str(run.path)]
    deepspeed = [sys.executable, "-m", "deepspeed.launcher.runner", *ranks(config), "--master_port", str(free_port())]
    return {
        "ref_server": [sys.executable, "-m", "labkit.ref_server", *where],
        "rollout": [sys.executable, "-m", "labkit.rollout", *where],
        "trainer": [*deepspeed, "--module", "labkit.trainer", *where],
    }


def ranks(config: RunConfig) -> list[str]:
    """What tells the deepspeed launcher where the trainer's processes run."""
    if config.hostfile is not None:
        return ["--hostfile", config.hostfile]
    if config.trainer_devices:
        return ["--include", "localhost:" + ",".join(map(str, config.trainer_devices))]
    return ["--num_gpus" if config.device == "cuda" else "--num_accelerators", str(config.num_trainers)]


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def environment(run: RunDir, config: RunConfig, name: str) -> dict[str, str]:
    """What a process needs set before its first import. DeepSpeed's launcher hands little of it on to other machines: for
    them it goes into a file, which DS_ENV_FILE names."""
    threads = {
        "ref_server": config.reference_threads,
        "rollout": config.rollout_threads,
        "trainer": config.trainer_threads,
    }
    env = {
        "OMP_NUM_THREADS": str(threads[name]),
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        "TQDM_DISABLE": "1",  # a log is no place for progress bars
        SUPERVISOR_PID: str(os.getpid()),
    }
    if Path(config.model).is_dir():
        env["HF_HUB_OFFLINE"] = "1"  # all is here: nobody waits for a network
    if config.device == "cpu":
        env |= {"DS_ACCELERATOR": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    else:
        env["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # as nvidia-smi counts, where GPUs differ, too
    if name == "trainer" and config.hostfile is not None:
        handed_on = run.state / "deepspeed_env"
        write_atomic(handed_on, "".join(f"{variable}={value}\n" for variable, value in env.items()))
        env["DS_ENV_FILE"] = str(handed_on)
    return {**os.environ, **env}


def supervise(run: RunDir, config: RunConfig, names: Sequence[str] = PROCESSES) -> int:
    """Run the processes `names` to their end. Returns 0 where the trainer and the rollout worker finished their work, or where
    it was told to stop, 1 where one of them ended before its work was done.

    The reference server alone has no end of its own: it runs until it is told to stop, or the parent is gone.
    """
    children: dict[str, subprocess.Popen[bytes]] = {}
    told_to_stop = False

    def stop(signum: int, frame: Any) -> None:
        nonlocal told_to_stop
        told_to_stop = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    write_state(run, SUPERVISOR, "starting")
    try:
        known = commands(run, config)
        for name, command in ((name, known[name]) for name in names):
            with run.log(name).open("ab") as output:
                children[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                                  env=environment(run, config, name), start_new_session=True)  # fmt: skip
        write_state(run, SUPERVISOR, "ready", pids={name: child.pid for name, child in children.items()})
        while not told_to_stop and not _parent_gone():
            if _finished(run, children):
                write_state(run, SUPERVISOR, "done")
                return 0
            for name, child in children.items():
                if child.poll() is not None and not _is_done(run, name):
                    _note_death(run, name, child.returncode)
                    write_state(run, SUPERVISOR, "failed", error=f"the {name} process ended with status {child.returncode}")
                    return 1
        log.info("told to stop" if told_to_stop else "the parent is gone")
        write_state(run, SUPERVISOR, "done")
        return 0
    finally:
        _end(list(children.values()))
        remove_scratch(run)


def _parent_gone() -> bool:
    """Waits a moment; True when the other end of standard input was closed."""
    readable, _, _ = select.select([0], [], [], 0.1)
    return bool(readable) and os.read(0, 1) == b""


def _finished(run: RunDir, children: dict[str, subprocess.Popen[bytes]]) -> bool:
    working = [name for name in ("trainer", "rollout") if name in children]
    return bool(working) and all(_is_done(run, name) and children[name].poll() is not None for name in working)


def _is_done(run: RunDir, name: str) -> bool:
    state = read_state(run, name)
    return state is not None and state.phase == "done"


def _note_death(run: RunDir, name: str, status: int) -> None:
    """A process that could not write its own failure (killed, out of memory, no such module) gets it written."""
    state = read_state(run, name)
    if state is None or state.phase != "failed":
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        write_state(run, name, "failed", error=f"{how} before its work was done")


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    """End each child with all that it started: SIGTERM to its session, a wait, SIGKILL."""
    family = [p for child in children for p in _descendants(child.pid)]
    for signum, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        for child in children:
            _signal_group(child.pid, signum)
        for process in family:
            _signal_quietly(process, signum)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for child in children:
                child.poll()
            if not any(_runs(process) for process in family):
                return
            time.sleep(0.05)


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal_group(pid: int, signum: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signum)


def _signal_quietly(process: psutil.Process, signum: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signum)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m labkit.supervise")
    parser.add_argument("--run", required=True, type=Path)
    parser.add_argument("--only", nargs="+", choices=PROCESSES, default=PROCESSES, metavar="PROCESS")
    arguments = parser.parse_args()
    run = RunDir(arguments.run.resolve())
    _log_to(run.log(SUPERVISOR))
    sys.exit(supervise(run, run.load_config(), arguments.only))


if __name__ == "__main__":
    main()
