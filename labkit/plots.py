"""Pictures of a run, drawn from its directory and nothing else."""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

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


def compare(runs: Mapping[str, RunDir]) -> Figure:
    """Reward, format and correct of several runs over the completion tokens that each has trained on; diamonds are
    held-out problems."""
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    axes = figure.subplots(1, 3, sharex=True)
    for (label, run), color in zip(runs.items(), (BLUE, ORANGE, GREEN, GREY), strict=False):
        lines, heldout = read_jsonl(run.metrics), read_jsonl(run.heldout)
        tokens = [total / 1000 for total in itertools.accumulate(line["completion_tokens"] for line in lines)]
        for axis, (name, unit) in zip(axes, (("reward", "mean of a rollout"), ("format", "share of rollouts"),
                                             ("correct", "share of rollouts")), strict=True):  # fmt: skip
            _curve(axis, tokens, _column(lines, name), color, unit, name, label)
            axis.set_xlabel("completion tokens trained, thousands")
            if name != "reward":
                axis.set_ylim(0, 1.02)
                for record in (r for r in heldout if name in r):
                    version = record["weight_version"]
                    axis.plot(tokens[version - 1] if version else 0, record[name], "D", color=color, markersize=6)
    axes[1].axhline(FORMAT_TARGET, color=GREY, linewidth=1, linestyle="--")
    axes[0].legend(frameon=False)
    return figure


def histograms(values: Mapping[str, Sequence[float]], xlabel: str = "reward of a rollout") -> Figure:
    """How often each of a few values occurs, one bar a series and value: rewards before and after, say."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axis = figure.subplots()
    places = sorted({round(v, 4) for series in values.values() for v in series})
    width = 0.8 / len(values)
    for number, ((label, series), color) in enumerate(zip(values.items(), (GREY, BLUE, ORANGE, GREEN), strict=False)):
        shares = [sum(round(v, 4) == place for v in series) / len(series) for place in places]
        offset = (number - (len(values) - 1) / 2) * width
        bars = axis.bar([i + offset for i in range(len(places))], shares, width, color=color, label=label)
        axis.bar_label(bars, [f"{share:.0%}" for share in shares], fontsize=9)
    axis.set_xticks(range(len(places)), [f"{place:g}" for place in places])
    axis.set_xlabel(xlabel)
    axis.set_ylabel("share of rollouts")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    return figure


def lines(x: Sequence[float], series: Mapping[str, Sequence[float]], *, xlabel: str, ylabel: str, title: str = "",
          marks: Sequence[float] = ()) -> Figure:  # fmt: skip
    """Curves over the same `x`; `marks` are values of x that get a dotted vertical line."""
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axis = figure.subplots()
    for (label, y), color in zip(series.items(), (BLUE, ORANGE, GREEN, GREY, "black"), strict=False):
        axis.plot(x, y, color=color, linewidth=2, label=label)
    for mark in marks:
        axis.axvline(mark, color=GREY, linewidth=1, linestyle=":")
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    return figure


def token_heatmap(tokens: Sequence[str], values: Sequence[float], *, title: str, unit: str) -> Figure:
    """One completion, its tokens coloured by `values`: blue below 0, orange above, the number under each token."""
    columns = 12
    rows = -(-len(tokens) // columns)
    figure = Figure(figsize=(12, 0.75 * rows + 0.9), layout="constrained")
    axis = figure.subplots()
    largest = max(max(map(abs, values)), 1e-6)
    norm, colours = Normalize(-largest, largest), LinearSegmentedColormap.from_list("signed", ["#56b4e9", "#ffffff", "#e69f00"])
    for place, (token, value) in enumerate(zip(tokens, values, strict=True)):
        x, y = place % columns, -(place // columns)
        axis.add_patch(Rectangle((x, y), 0.96, 0.92, facecolor=colours(norm(value)), edgecolor="#cccccc", linewidth=0.5))
        text = token.replace("\n", "⏎").replace(" ", "␣")
        axis.text(x + 0.48, y + 0.60, text, ha="center", va="center", fontsize=10, family="monospace", parse_math=False)
        axis.text(x + 0.48, y + 0.20, f"{value:+.2f}", ha="center", va="center", fontsize=8, color="#333333")
    axis.set_xlim(0, columns)
    axis.set_ylim(-rows + 1, 1)
    axis.set_axis_off()
    axis.set_title(title, fontsize=11)
    figure.colorbar(ScalarMappable(norm, colours), ax=axis, label=unit, pad=0.01)
    return figure


def show(figure: Figure) -> None:
    """Display a figure in a notebook, as a picture."""
    from IPython.display import Image, display

    display(Image(data=png(figure), format="png"))


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


def _curve(axis: Axes, x: Sequence[float], values: Sequence[float], color: str, unit: str, title: str,
           label: str | None = None) -> None:  # fmt: skip
    axis.plot(x, values, color=color, alpha=0.35, linewidth=1)
    axis.plot(x[SMOOTHING - 1 :], smoothed(values), color=color, linewidth=2, label=label)
    axis.set_title(title, fontsize=11)
    axis.set_ylabel(unit)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)


def _title(config: RunConfig, lines: Sequence[dict[str, Any]]) -> str:
    per_prompt = f"{config.group_size} rollout{'s' if config.group_size > 1 else ''} per prompt"
    done = f"{lines[-1]['rollouts']:,} rollouts in {lines[-1]['seconds']:.0f} s" if lines else "no optimizer step yet"
    return f"{config.algorithm.upper()}, preset {config.preset}, {per_prompt}: {done} (bold: mean of {SMOOTHING} steps)"
