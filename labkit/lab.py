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
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from tqdm.auto import tqdm

from labkit import functions as student
from labkit import summary, supervise
from labkit.config import RunConfig, RunDir, write_atomic
from labkit.errors import ConfigError, ProcessError
from labkit.functions import Functions
from labkit.metrics import JsonlReader

RUNS = Path("runs")
REDRAW = 2.0  # seconds between two pictures: drawing takes a core from the training


class Lab:
    """One run: its directory, its three processes, its curves.

    `functions` are the student's, as a list or a namespace such as `globals()`; `overrides` change fields of the preset's
    RunConfig. Nothing starts before `start`. As a context manager it starts on entry and stops on exit.
    """

    def __init__(
        self,
        preset: str = "tiny",
        functions: Iterable[Callable[..., Any]] | Mapping[str, Any] | Functions = (),
        *,
        algorithm: str = "grpo",
        run: str | Path | None = None,
        **overrides: Any,
    ) -> None:
        """Raises ConfigError for a configuration that cannot work, FunctionsError for functions of the wrong form."""
        self.config = RunConfig.create(preset, algorithm=algorithm, **overrides)
        self.functions = functions if isinstance(functions, Functions) else student.collect(functions, self.config.algorithm)
        self.run = RunDir(Path(run or RUNS / f"{self.config.algorithm}-{datetime.now():%Y%m%d-%H%M%S}").resolve())
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._resumed = False

    @classmethod
    def resume(cls, run: str | Path) -> Lab:
        """A run that was stopped, to go on from its newest checkpoint. Raises ConfigError where it has none."""
        lab = cls.__new__(cls)
        lab.run = RunDir(Path(run).resolve())
        lab.config = lab.run.load_config()
        lab.functions = student.load(lab.run.functions)
        lab._supervisor, lab._resumed = None, True
        if not (lab.run.checkpoints / "latest").exists():
            raise ConfigError(f"{lab.run.path} holds no checkpoint to go on from; start runs with checkpoint_every above 0")
        supervisor = supervise.read_state(lab.run, supervise.SUPERVISOR)
        if supervisor is not None and supervisor.alive():
            raise ConfigError(
                f"{lab.run.path} is still running (pid {supervisor.pid}); `labkit stop --run {lab.run.path}` first"
            )
        shutil.rmtree(lab.run.state)
        lab.run.state.mkdir(mode=0o700)
        return lab

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
        if self._resumed:
            write_atomic(self.run.state / "started", f"{time.time()}\n")
        else:
            self.prepare()
        self._supervisor = subprocess.Popen(
            [sys.executable, "-m", "labkit.supervise", "--run", str(self.run.path)], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=self.run.log(supervise.SUPERVISOR).open("ab"), start_new_session=True,
        )  # fmt: skip
        try:
            self._wait_ready()
        except BaseException:  # Ctrl-C too: half a run is never left
            self.stop()
            raise
        return self

    def _wait_ready(self) -> None:
        started, waiting = time.monotonic(), list(supervise.PROCESSES)
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
            f"{marks[s.phase]} {name} {s.phase} (pid {s.pid})" if s else f"○ {name} not started" for name, s in states.items()
        )

    def watch(self) -> None:
        """Follow the run until it ends: a live figure in a notebook, a progress bar in a terminal.

        Ctrl-C in a notebook ends the watching, not the run. Raises what went wrong in a process, a student's own error first.
        """
        show = _notebook_figure() if _in_notebook() else _no_figure()
        reader, drawn = JsonlReader(self.run.metrics), 0.0
        try:
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
                    for name in supervise.PROCESSES:
                        self._healthy(name)
                    if not alive:
                        draw(self)
                        return
                    time.sleep(0.25)
        except KeyboardInterrupt:
            if not _in_notebook():  # in a terminal it is the run that is meant
                raise
            print(f"Stopped watching; the run goes on in {self.run.path}. lab.watch() looks again, lab.stop() ends it.")

    def wait(self) -> dict[str, Any]:
        """Watch to the end, then write and return the summary, and draw the curves."""
        self.watch()
        return self.finish()

    def finish(self) -> dict[str, Any]:
        """Write `summary.json` and `reward_curves.png`; returns the summary."""
        from labkit import plots

        figures = summary.write_summary(self.run)
        self.run.curves.write_bytes(plots.png(plots.curves(self.run)))
        return figures

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
