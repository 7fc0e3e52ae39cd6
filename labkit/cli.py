"""The command line: `labkit demo | train | ref-server | plot | stop | grade | doctor | pretrain`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.config import PACKAGE, PRESETS, TINY_MODEL, RunConfig, RunDir
from labkit.errors import ConfigError, LabError, StudentError

if TYPE_CHECKING:
    from labkit.lab import Lab

DEMO_RUN = Path("runs/demo")
REFERENCE = PACKAGE.parent / "source"


def main(argv: Sequence[str] | None = None) -> None:
    """Exits 0 on success, 1 where something failed, 2 on a wrong command line, 130 on Ctrl-C."""
    arguments = _parser().parse_args(argv)
    try:
        sys.exit(arguments.command(arguments))
    except KeyboardInterrupt:
        print("\ninterrupted; every process of the run has ended", file=sys.stderr)
        sys.exit(130)
    except StudentError as error:
        print(f"labkit: {error}\n{error.student_traceback}", file=sys.stderr)
        sys.exit(1)
    except LabError as error:
        print(f"labkit: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ConfigError) else 1)


def demo(arguments: argparse.Namespace) -> int:
    """Train the tiny policy with the reference functions, and show the curves."""
    from labkit import supervise

    run = arguments.run or DEMO_RUN
    if (run / "config.json").exists():
        supervisor = supervise.read_state(RunDir(run), supervise.SUPERVISOR)
        if supervisor is not None and supervisor.at_work:
            raise ConfigError(f"{run} is still running (pid {supervisor.pid}); `labkit stop --run {run}` first, or give --run")
        kept = run.with_name(f"{run.name}-{datetime.fromtimestamp(run.stat().st_mtime):%Y%m%d-%H%M%S}")
        run.rename(kept)
        print(f"the run before is kept as {kept}")
    summary = _train(arguments, run)
    _print_summary(summary, run)
    reached = summary["seconds_to_format_08"] is not None
    if not reached:
        print(f"format adherence did not reach 0.8 within {summary['optimizer_steps']} optimizer steps", file=sys.stderr)
    return 0 if reached else 1


def train(arguments: argparse.Namespace) -> int:
    """Train on anyone's functions."""
    from labkit.lab import RUNS, Lab

    if arguments.resume:
        if arguments.set or arguments.run or arguments.functions != REFERENCE:
            raise ConfigError("--resume goes on with a run as it was begun: without --set, --functions and --run")
        with Lab.resume(arguments.resume) as lab:
            _print_summary(lab.wait(), arguments.resume)
        return 0
    run = arguments.run or RUNS / f"{arguments.algorithm}-{datetime.now():%Y%m%d-%H%M%S}"
    _print_summary(_train(arguments, run), run)
    return 0


def _train(arguments: argparse.Namespace, run: Path) -> dict[str, Any]:
    lab = _lab(arguments, run)
    print(
        f"{lab.config.algorithm.upper()} with the functions of {_short(arguments.functions)}; everything goes to {_short(run)}"
    )
    with lab:
        return lab.wait()


def _lab(arguments: argparse.Namespace, run: Path) -> Lab:
    from labkit import functions
    from labkit.lab import Lab

    given = functions.load_path(arguments.functions, arguments.algorithm)
    return Lab(
        arguments.preset, given, algorithm=arguments.algorithm, run=run, seed=arguments.seed, **_overrides(arguments.set)
    )


def _print_summary(summary: dict[str, Any], run: Path) -> None:
    from labkit.metrics import read_jsonl
    from labkit.plots import sparkline

    lines = read_jsonl(RunDir(run).metrics)
    print()
    for name, low, high in (("reward", -2.0, 2.25), ("format", 0.0, 1.0), ("correct", 0.0, 1.0)):
        values = [line[name] for line in lines]
        print(f"{name:>8} {low:5.2f} {sparkline(values, low, high)} {high:4.2f}   {values[0]:.2f} → {values[-1]:.2f}")
    reached, before, after = (summary[k] for k in ("seconds_to_format_08", "correct_heldout_before", "correct_heldout_after"))
    print(f"\nformat above 0.8:    {'not reached' if reached is None else f'{reached:.0f} s after the start'}")
    if after is not None:
        print(f"held-out problems:   format {summary['format_heldout_before']:.2f} → {summary['format_heldout_after']:.2f}, "
              f"correct {before:.2f} → {after:.2f}  ({summary['heldout_problems']} problems)")  # fmt: skip
    print(f"trained on:          {summary['rollouts']:,} rollouts in {summary['optimizer_steps']} optimizer steps")
    print(f"curves:              {_short(RunDir(run).curves)}\nsummary:             {_short(RunDir(run).summary)}")


def ref_server(arguments: argparse.Namespace) -> int:
    """The reference server alone, in the foreground; prepares the run's directory where there is none."""
    from labkit import supervise

    run = RunDir(arguments.run.resolve())
    if not run.config.exists():
        _lab(arguments, run.path).prepare()
        ranks = " ".join(supervise.ranks(run.load_config()))
        print(f"the other two: python -m labkit.rollout --run {_short(run.path)}\n"
              f"               deepspeed {ranks} --module labkit.trainer --run {_short(run.path)}", flush=True)  # fmt: skip
    command = [sys.executable, "-m", "labkit.ref_server", "--run", str(run.path)]
    os.execv(sys.executable, command)


def plot(arguments: argparse.Namespace) -> int:
    """Draw the curves of a run, finished or not, and write its summary."""
    from labkit import plots
    from labkit.summary import write_summary

    run = RunDir(arguments.run)
    run.load_config()
    target = arguments.out or run.curves
    target.write_bytes(plots.png(plots.curves(run)))
    print(target)
    print(json.dumps(write_summary(run), indent=2))
    return 0


def stop(arguments: argparse.Namespace) -> int:
    """End a run and all its processes."""
    from labkit.lab import RUNS, stop_run

    runs = [arguments.run] if arguments.run else sorted(p.parent for p in RUNS.glob("*/config.json"))
    stopped = [run for run in runs if stop_run(RunDir(run.resolve()))]
    print("\n".join(f"stopped {run}" for run in stopped) or "no run was running")
    return 0


def grade(arguments: argparse.Namespace) -> int:
    """Grade the submissions to assignments, for instructors: docs/instructors.md."""
    # jsonschema would compile a grammar of web addresses, for over a second; no notebook's form asks for it.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    from labkit.grading.preprocessor import zygote

    zygote()  # it starts while nbgrader is loaded here
    from labkit.grading.grade import grade as grade_class
    from labkit.grading.grade import summary

    failed = False
    for assignment in arguments.assignment:
        graded = grade_class(
            arguments.course, assignment, jobs=arguments.jobs, students=arguments.student, share=arguments.share,
            force=arguments.force, require_sandbox=arguments.require_sandbox,
        )  # fmt: skip
        print(f"{assignment}: {summary(graded)}")
        failed = failed or bool(graded.failed)
    return 1 if failed else 0


def doctor(arguments: argparse.Namespace) -> int:
    """What this machine has and lacks for each preset."""
    from labkit import doctor

    return doctor.run(preset=arguments.preset, as_json=arguments.json)


def pretrain(arguments: argparse.Namespace) -> int:
    """Make the tiny policy from nothing, or a larger one."""
    from labkit.pretrain import pretrain as make

    report = make(arguments.out, seed=arguments.seed, device=arguments.device, steps=arguments.steps, size=arguments.size)
    print(json.dumps(report["heldout"]))
    return 0


def _overrides(assignments: Sequence[str]) -> dict[str, Any]:
    """`field=value` pairs; values are JSON, Python's constants, or text. Raises ConfigError for an unknown field."""
    fields = {field.name for field in dataclasses.fields(RunConfig)}
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or name not in fields:
            raise ConfigError(f"--set {assignment}: give FIELD=VALUE with a field of {sorted(fields)}")
        try:
            values[name] = json.loads(text)
        except json.JSONDecodeError:
            values[name] = {"True": True, "False": False, "None": None}.get(text, text)
    return values


def _short(path: Path) -> str:
    """Relative to the working directory where it lies below."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="labkit", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Any) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        sub.set_defaults(command=command)
        return sub

    for name, command in (("demo", demo), ("train", train), ("ref-server", ref_server)):
        sub = add(name, command)
        sub.add_argument("--preset", default="tiny", choices=PRESETS)
        sub.add_argument("--algorithm", default="grpo", choices=("grpo", "ppo"))
        sub.add_argument("--seed", type=int, default=0)
        sub.add_argument("--functions", type=Path, default=REFERENCE, help="a notebook, a .py file, or a folder of the series")
        needed = command is ref_server
        sub.add_argument(
            "--run", type=Path, required=needed, help="the run's directory" + ("" if needed else "; else a new one")
        )
        sub.add_argument(
            "--set", action="append", default=[], metavar="FIELD=VALUE", help="another value for a field of RunConfig"
        )
        if command is train:
            sub.add_argument("--resume", type=Path, metavar="RUN", help="go on with a run from its newest checkpoint")
    sub = add("plot", plot)
    sub.add_argument("run", type=Path)
    sub.add_argument("--out", type=Path, help="where the picture goes (default: reward_curves.png in the run)")
    sub = add("stop", stop)
    sub.add_argument("--run", type=Path, help="default: every run under runs/")
    sub = add("grade", grade)
    sub.add_argument("assignment", nargs="+", help="as in 01_rewards")
    sub.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="submissions at a time (default: %(default)s)")
    sub.add_argument("--student", action="append", default=[], help="grade this one alone; may be given again")
    sub.add_argument("--share", default="", metavar="K/N", help="only score the K-th of N parts, as one machine of several")
    sub.add_argument("--force", action="store_true", help="grade anew what has not changed, too")
    sub.add_argument("--require-sandbox", action="store_true", help="refuse to grade where a protection is not in force")
    sub.add_argument("--course", type=Path, default=Path(), help="the course folder (default: this one)")
    sub = add("doctor", doctor)
    sub.add_argument("--preset", choices=PRESETS)
    sub.add_argument("--json", action="store_true")
    sub = add("pretrain", pretrain)
    sub.add_argument("--out", type=Path, default=TINY_MODEL, help="folder for the model (default: the package's)")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    sub.add_argument("--steps", type=int, help="optimizer steps (default: the size's own)")
    sub.add_argument("--size", default="tiny", help="tiny (1 M parameters) or small (31 M, for a GPU)")
    return parser


if __name__ == "__main__":
    main()
