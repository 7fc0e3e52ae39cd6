"""Pictures of a run, drawn from its directory and nothing else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labkit.config import RunConfig, RunDir
from labkit.metrics import read_jsonl
from labkit.summary import FORMAT_TARGET, SMOOTHING, smoothed

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#999999"  # told apart by colour-blind readers too
SPARKS = "▁▂▃▄▅▆▇█"


def curves(run: RunDir, health: str = "") -> Figure:
    """Reward, format, correct, KL, clip fraction and off-policyness over optimizer steps; `health` stands below them."""
    config, lines, heldout = run.load_config(), read_jsonl(run.metrics), read_jsonl(run.heldout)
    figure = Figure(figsize=(12, 6), layout="constrained")
    axes = figure.subplots(2, 3, sharex=True).flatten()
    steps = [line["step"] for line in lines]
    _curve(axes[0], steps, _column(lines, "reward"), BLUE, "mean reward of a rollout", "reward")
    axes[0].set_ylim(-2.1, 2.4)
    _curve(axes[1], steps, _column(lines, "format"), ORANGE, "share of rollouts", "format")
    axes[1].axhline(FORMAT_TARGET, color=GREY, linewidth=1, linestyle="--")
    axes[1].annotate(
        f"goal {FORMAT_TARGET}", (0.01, FORMAT_TARGET), xycoords=("axes fraction", "data"), color=GREY, va="bottom"
    )
    axes[1].set_ylim(0, 1.02)
    _curve(axes[2], steps, _column(lines, "correct"), GREEN, "share of rollouts", "correct")
    axes[2].set_ylim(0, 1.02)
    for record in heldout:
        axes[2].plot(record["weight_version"], record["correct"], "D", color="black", markersize=6)
    if heldout:
        axes[2].plot([], [], "D", color="black", label="held-out problems")
        axes[2].legend(loc="lower right", frameon=False)
    _curve(axes[3], steps, _column(lines, "kl"), BLUE, "nats per token", "KL(policy, reference)")
    _curve(axes[4], steps, _column(lines, "clip_fraction"), ORANGE, "share of completion tokens", "clip fraction")
    _curve(axes[5], steps, _column(lines, "staleness"), GREEN, "optimizer steps", "staleness of the rollouts")
    for axis in axes[3:]:
        axis.set_ylim(bottom=0)
        axis.set_xlabel("optimizer step")
    figure.suptitle(_title(config, lines), fontsize=12)
    if health:
        figure.supxlabel(health, fontsize=9, color="#555555")
    return figure


def png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()


def sparkline(values: Sequence[float], low: float, high: float, width: int = 60) -> str:
    """`values` as one line of block characters between `low` and `high`."""
    if not values:
        return ""
    bins = [values[i * len(values) // width : max((i + 1) * len(values) // width, i * len(values) // width + 1)]
            for i in range(min(width, len(values)))] if len(values) > width else [[v] for v in values]  # fmt: skip
    means = [sum(part) / len(part) for part in bins]
    return "".join(SPARKS[min(7, max(0, int((mean - low) / (high - low) * 8)))] for mean in means)


def _column(lines: Sequence[dict[str, Any]], name: str) -> list[float]:
    return [line[name] for line in lines]


def _curve(axis: Axes, steps: Sequence[int], values: Sequence[float], color: str, unit: str, title: str) -> None:
    axis.plot(steps, values, color=color, alpha=0.35, linewidth=1)
    axis.plot(steps[SMOOTHING - 1 :], smoothed(values), color=color, linewidth=2)
    axis.set_title(title, fontsize=11)
    axis.set_ylabel(unit)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)


def _title(config: RunConfig, lines: Sequence[dict[str, Any]]) -> str:
    per_prompt = f"{config.group_size} rollout{'s' if config.group_size > 1 else ''} per prompt"
    done = f"{lines[-1]['rollouts']:,} rollouts in {lines[-1]['seconds']:.0f} s" if lines else "no optimizer step yet"
    return f"{config.algorithm.upper()}, preset {config.preset}, {per_prompt}: {done} (bold: mean of {SMOOTHING} steps)"
