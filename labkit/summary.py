"""The figures a reader wants first, out of a run's directory: `summary.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from labkit.config import RunDir, write_atomic
from labkit.errors import ConfigError
from labkit.metrics import read_jsonl

FORMAT_TARGET = 0.8  # the course asks for a format adherence above this
SMOOTHING = 3  # consecutive optimizer steps that are averaged before they are compared with it


def smoothed(values: Sequence[float]) -> list[float]:
    """Means of each `SMOOTHING` consecutive values: `len(values) - SMOOTHING + 1` of them."""
    return [fmean(values[i : i + SMOOTHING]) for i in range(len(values) - SMOOTHING + 1)]


def started_at(run: RunDir) -> float:
    """When the run was started, in seconds since the epoch."""
    return float((run.state / "started").read_text())


def summarize(run: RunDir) -> dict[str, Any]:
    """What `summary.json` holds. First and last values are means of `SMOOTHING` optimizer steps; times, in seconds, count
    from the start of the processes. Raises ConfigError where the run took fewer steps than that."""
    config, lines, heldout = run.load_config(), read_jsonl(run.metrics), read_jsonl(run.heldout)
    if len(lines) < SMOOTHING:
        raise ConfigError(f"{run.path} took {len(lines)} optimizer steps; a summary needs at least {SMOOTHING}")
    format_means, reward_means = (smoothed([line[name] for line in lines]) for name in ("format", "reward"))
    reached = [line for line, mean in zip(lines[SMOOTHING - 1 :], format_means, strict=True) if mean > FORMAT_TARGET]
    starting = lines[0]["time"] - lines[0]["seconds"] - started_at(run)  # a pause before a run went on counts nowhere
    busy = sum(line["seconds_training"] + line["seconds_publishing"] for line in lines)
    return {
        "seconds_to_format_08": round(starting + reached[0]["seconds"], 2) if reached else None,
        "steps_to_format_08": reached[0]["step"] if reached else None,
        "format_first": format_means[0],
        "format_last": format_means[-1],
        "correct_heldout_before": heldout[0]["correct"] if heldout else None,
        "correct_heldout_after": heldout[-1]["correct"] if len(heldout) > 1 else None,
        "format_heldout_before": heldout[0]["format"] if heldout else None,
        "format_heldout_after": heldout[-1]["format"] if len(heldout) > 1 else None,
        "heldout_problems": heldout[0]["problems"] if heldout else None,
        "reward_first": reward_means[0],
        "reward_last": reward_means[-1],
        "optimizer_steps": lines[-1]["step"],
        "rollouts": lines[-1]["rollouts"],
        "rollouts_dropped": lines[-1]["dropped"],
        "rollouts_per_second": _steady_rate(lines),
        "completion_tokens": sum(line["completion_tokens"] for line in lines),
        "seconds": round(starting + lines[-1]["seconds"], 2),
        "seconds_starting": round(starting, 2),
        "trainer_busy": busy / lines[-1]["seconds"],
        "algorithm": config.algorithm,
        "preset": config.preset,
        "engine": config.engine,
        "seed": config.seed,
    }


def _steady_rate(lines: Sequence[dict[str, Any]]) -> float | None:
    """Rollouts trained per second, the first fifth of the steps left out; None for very short runs."""
    first = len(lines) // 5
    if len(lines) - first < 2:
        return None
    return float((lines[-1]["rollouts"] - lines[first]["rollouts"]) / (lines[-1]["seconds"] - lines[first]["seconds"]))


def write_summary(run: RunDir) -> dict[str, Any]:
    summary = summarize(run)
    write_atomic(run.summary, json.dumps(summary, indent=2) + "\n")
    return summary
