"""`Lab`, what notebooks use: start a run of three processes on the functions in the kernel, watch it, stop it.

with Lab(preset="tiny", functions=[reward_format, reward_correct, PPO_step, gen_worker], algorithm="ppo") as lab:
    lab.watch()
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from labkit import functions as student
from labkit import gpus, summary, supervise, wire
from labkit.client import ReferenceClient
from labkit.config import RunConfig, RunDir, write_atomic
from labkit.errors import ConfigError, ProcessError
from labkit.functions import Functions
from labkit.metrics import JsonlReader, read_jsonl

if TYPE_CHECKING:
    from labkit.rollout import KernelWorker

RUNS = Path("runs")
REDRAW = 2.0  # seconds between two pictures: drawing takes a core from the training


class Lab:
    """One run: its directory, its three processes, its curves.

    `functions` are the student's, as a list or a namespace such as `globals()`; `overrides` change fields of the preset's
    RunConfig. Nothing starts before `start`. As a context manager it starts on entry and stops on exit. With fewer
    `processes` the notebook takes the place of those left out: `worker()` of the rollout worker, `get()` of the trainer.
    """

    def __init__(
        self,
        preset: str = "tiny",
        functions: Iterable[Callable[..., Any]] | Mapping[str, Any] | Functions = (),
        *,
        algorithm: str = "grpo",
        run: str | Path | None = None,
        processes: Sequence[str] = supervise.PROCESSES,
        **overrides: Any,
    ) -> None:
        """Raises ConfigError for a configuration that cannot work, FunctionsError for functions of the wrong form."""
        self.config = RunConfig.create(preset, **gpus.fit(preset, {"algorithm": algorithm, **overrides}))
        self.processes = _known(processes)
        if isinstance(functions, Functions):
            self.functions = functions
        else:
            needed = [name for process in self.processes for name in _called_by(process, self.config)]
            self.functions = student.collect(functions, self.config.algorithm, needed)
        self.run = RunDir(Path(run or RUNS / f"{self.config.algorithm}-{datetime.now():%Y%m%d-%H%M%S}").resolve())
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._resumed = False

    @classmethod
    def resume(cls, run: str | Path) -> Lab:
        """A run that was stopped, to go on from its newest checkpoint. Raises ConfigError where it has none, or still runs."""
        lab = cls.open(run)
        lab._resumed = True
        if not (lab.run.checkpoints / "latest").exists():
            raise ConfigError(f"{lab.run.path} holds no checkpoint to go on from; start runs with checkpoint_every above 0")
        states = {name: supervise.read_state(lab.run, name) for name in (supervise.SUPERVISOR, *supervise.PROCESSES)}
        for name, state in states.items():
            # A process on another machine that was ended there could not say so.
            if state is not None and state.at_work and (state.here or name == supervise.SUPERVISOR):
                raise ConfigError(
                    f"{lab.run.path} is still running (its {name}, pid {state.pid}); `labkit stop --run {lab.run.path}` first"
                )
        started = (lab.run.state / "started").read_text()
        supervise.remove_scratch(lab.run)
        shutil.rmtree(lab.run.state)
        lab.run.state.mkdir(mode=0o700)
        write_atomic(lab.run.state / "started", started)
        return lab

    @classmethod
    def open(cls, run: RunDir | str | Path) -> Lab:
        """A run that has ended, to look at: `report()`, `finish()`. Raises ConfigError where there is none."""
        lab = cls.__new__(cls)
        lab.run = run if isinstance(run, RunDir) else RunDir(Path(run).resolve())
        lab.config = lab.run.load_config()
        lab.functions = student.load(lab.run.functions)
        lab.processes = supervise.PROCESSES
        lab._supervisor, lab._resumed = None, False
        return lab

    @classmethod
    def newest(cls, folder: str | Path = RUNS, algorithm: str | None = None) -> Lab:
        """The newest finished run below `folder`, as `newest_run` finds it."""
        return cls.open(newest_run(folder, algorithm))

    def prepare(self) -> Lab:
        """Write the run's directory, with configuration and functions, and start nothing: for those who start the three
        processes by hand. Raises ConfigError where the directory holds a run already."""
        self.run.create(self.config)
        student.dump(self.functions, self.run.functions)
        write_atomic(self.run.state / "started", f"{time.time()}\n")
        return self

    def start(self) -> Lab:
        """Start the three processes and wait until each is ready. Raises what went wrong in them, in their own words."""
        if self._supervisor is not None:
            raise ConfigError(f"{self.run.path} has been started already; make a new Lab for a new run")
        if not self._resumed:
            self.prepare()
        command = [sys.executable, "-m", "labkit.supervise", "--run", str(self.run.path), "--only", *self.processes]
        with self.run.log(supervise.SUPERVISOR).open("ab") as log:
            self._supervisor = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )
        try:
            self._wait_ready()
        except BaseException:  # Ctrl-C too: half a run is never left
            self.stop()
            raise
        return self

    def _wait_ready(self) -> None:
        started, waiting = time.monotonic(), list(self.processes)
        with tqdm(
            total=len(waiting), desc="starting", bar_format="{desc}: {n_fmt}/{total_fmt} ready, {elapsed} {postfix}"
        ) as bar:
            while waiting:
                for name in list(waiting):
                    state = self._healthy(name)
                    if state is not None and state.phase in ("ready", "done"):
                        waiting.remove(name)
                        bar.set_postfix_str(f"(waiting for {', '.join(waiting)})" if waiting else "", refresh=False)
                        bar.update()
                if waiting and time.monotonic() - started > self.config.start_timeout:
                    raise ProcessError(
                        f"{' and '.join(waiting)} not ready after {self.config.start_timeout:.0f} s; raise "
                        f"start_timeout if the machine is only slow\n{supervise.log_tail(self.run, waiting[0])}"
                    )
                time.sleep(0.1)

    def _healthy(self, name: str) -> supervise.ProcessState | None:
        """The state of a process. Raises what went wrong in any of them, or that the supervisor is gone."""
        if (error := supervise.first_failure(self.run)) is not None:
            raise error
        supervisor = supervise.check_peer(self.run, supervise.SUPERVISOR)
        if (
            self._supervisor is not None
            and self._supervisor.poll() is not None
            and (supervisor is None or supervisor.phase == "starting")
        ):
            raise ProcessError(
                f"the supervisor ended with status {self._supervisor.returncode}\n"
                f"{supervise.log_tail(self.run, supervise.SUPERVISOR)}"
            )
        return supervise.read_state(self.run, name)

    def running(self) -> bool:
        return self._supervisor is not None and self._supervisor.poll() is None

    def health(self) -> str:
        """One line: each process and its phase."""
        marks = {"starting": "…", "ready": "●", "done": "✓", "failed": "✗"}
        states = {name: supervise.read_state(self.run, name) for name in supervise.PROCESSES}
        return "   ".join(
            f"○ {name} not started" if s is None
            else f"○ {name} ended" if s.phase in ("starting", "ready") and not s.alive()
            else f"{marks[s.phase]} {name} {s.phase} (pid {s.pid})"
            for name, s in states.items()
        )  # fmt: skip

    def watch(self) -> None:
        """Follow the run until it ends: a live figure in a notebook, a progress bar in a terminal.

        Ctrl-C in a notebook ends the watching, not the run. Raises what went wrong in a process, a student's own error first.
        """
        try:
            self._follow()
        except KeyboardInterrupt:
            if not _in_notebook():  # in a terminal it is the run that is meant
                raise
            print(f"Stopped watching; the run goes on in {self.run.path}. lab.watch() looks again, lab.stop() ends it.")

    def _follow(self) -> None:
        show = _notebook_figure() if _in_notebook() else _no_figure()
        reader, drawn = JsonlReader(self.run.metrics), 0.0
        with show as draw, tqdm(total=self.config.optimizer_steps, desc="optimizer steps", unit="step") as bar:
            while True:
                alive = self.running()  # read before the lines, so that the last ones are not missed
                lines = reader.new()
                if lines:
                    bar.update(lines[-1]["step"] - bar.n)
                    bar.set_postfix_str("  ".join(f"{n} {lines[-1][n]:.2f}" for n in ("reward", "format", "correct", "kl")))
                    if time.monotonic() - drawn > REDRAW:
                        draw(self)
                        drawn = time.monotonic()
                for name in self.processes:
                    self._healthy(name)
                if not alive:
                    draw(self)
                    return
                time.sleep(0.25)

    def wait(self) -> dict[str, Any]:
        """Follow the run to its end, as `watch` does, then write and return the summary, and draw the curves.

        Ctrl-C raises KeyboardInterrupt, and so ends the run where it was started by `with`.
        """
        self._follow()
        return self.finish()

    def finish(self) -> dict[str, Any]:
        """Write `summary.json` and `reward_curves.png`; returns the summary."""
        from labkit import plots

        figures = summary.write_summary(self.run)
        self.run.curves.write_bytes(plots.png(plots.curves(self.run)))
        return figures

    def report(self, folder: str | Path = ".") -> Path:
        """Write `report.html`, one page for readers, and `record.json`, the same for programs, into `folder`; returns the
        page's path. Raises ConfigError where the run has not finished."""
        from labkit import report

        if not self.run.curves.exists():
            self.finish()
        return report.write(self.run, Path(folder))

    def worker(self, batches: int = 1) -> KernelWorker:
        """A rollout worker in this process, for `gen_worker(lab.worker())`: `running()` says False after `batches` uploads.

        Raises FunctionsError where functions are missing that it calls, ProcessError where there is no reference server.
        """
        from labkit.engines import TransformersEngine
        from labkit.policy import load_tokenizer
        from labkit.rollout import KernelWorker

        student.collect(self.functions.by_name, self.config.algorithm, _called_by("rollout", self.config))
        tokenizer = load_tokenizer(self.config)
        engine = TransformersEngine(self.config, tokenizer.eos_token_id)
        return KernelWorker(self.run, self.config, self.functions, engine, tokenizer, self._client(), batches=batches)

    def get(self) -> dict[str, Any]:
        """The oldest batch that the reference server has scored, as `PPO_step` would get it; waits for it.

        Raises ProcessError where none comes, ConfigError where the run was stopped.
        """
        blob = self._client(peer="rollout" if "rollout" in self.processes else "trainer").get()
        if blob is None:
            raise ConfigError(f"{self.run.path} was stopped; there is no batch to get")
        return wire.decode(blob).student_view()

    def _client(self, peer: str = "trainer") -> ReferenceClient:
        if self._supervisor is None:
            raise ConfigError("the reference server does not run yet: lab.start() starts it")
        return ReferenceClient(self.run, self.config, peer=peer)

    def stop(self) -> None:
        """End the run's processes, all of them; what they wrote stays. Does nothing where none runs."""
        if self._supervisor is None:
            return
        (self.run.state / "stop").touch()
        if self._supervisor.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._supervisor.stdin.close()
        self._supervisor.wait(timeout=4 * supervise.GRACE)

    def __enter__(self) -> Lab:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def _known(processes: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in processes if name not in supervise.PROCESSES]
    if unknown or not processes:
        raise ConfigError(f"processes are {list(processes)}; choose from {', '.join(supervise.PROCESSES)}")
    return tuple(name for name in supervise.PROCESSES if name in processes)


def _called_by(process: str, config: RunConfig) -> list[str]:
    """The student's functions that a process calls."""
    functions = student.HOMES[config.algorithm]
    return {"ref_server": [], "rollout": [n for n in functions if n != "PPO_step"], "trainer": ["PPO_step"]}[process]


def newest_run(folder: str | Path = RUNS, algorithm: str | None = None) -> RunDir:
    """The newest run below `folder` that took its last optimizer step; of one algorithm, where that is given.

    Raises ConfigError where there is none.
    """
    found = []
    for path in sorted(Path(folder).glob("*/config.json"), key=lambda p: p.stat().st_mtime, reverse=True):
        run = RunDir(path.parent.resolve())
        config, lines = run.load_config(), read_jsonl(run.metrics)
        if algorithm in (None, config.algorithm) and lines and lines[-1]["step"] == config.optimizer_steps:
            return run
        found.append(f"{path.parent.name} ({config.algorithm}, {lines[-1]['step'] if lines else 0} steps)")
    raise ConfigError(
        f"{Path(folder).resolve()} holds no finished run{f' of {algorithm}' if algorithm else ''}; it holds "
        f"{', '.join(found) or 'none at all'}. Train one first"
    )


def stop_run(run: RunDir) -> bool:
    """End a run from anywhere on its machine. False where it does not run. Raises ProcessError where it will not end."""
    supervisor = supervise.read_state(run, supervise.SUPERVISOR)
    if supervisor is None or not supervisor.alive():
        return False
    import psutil

    process = psutil.Process(supervisor.pid)
    process.terminate()
    try:
        process.wait(timeout=4 * supervise.GRACE)
    except psutil.TimeoutExpired:
        raise ProcessError(
            f"the supervisor (pid {supervisor.pid}) of {run.path} does not end; its log is {run.log(supervise.SUPERVISOR)}"
        ) from None
    return True


def _in_notebook() -> bool:
    """Whether this is a Jupyter kernel."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")


@contextlib.contextmanager
def _no_figure() -> Iterator[Callable[[Lab], None]]:
    yield lambda lab: None


@contextlib.contextmanager
def _notebook_figure() -> Iterator[Callable[[Lab], None]]:
    from IPython.display import Image, display

    from labkit import plots

    handle = display(display_id=True)

    def draw(lab: Lab) -> None:
        handle.update(Image(data=plots.png(plots.curves(lab.run, lab.health())), format="png"))

    yield draw
