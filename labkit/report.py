"""The deliverable of a run: `record.json`, and `report.html`, one page that shows what is in it to a reader."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from labkit.config import PACKAGE, RunDir, write_atomic
from labkit.errors import ConfigError
from labkit.record import Record, Sample, Step, gather
from labkit.summary import FORMAT_TARGET

PAGE, RECORD = "report.html", "record.json"
SHOWN = 12  # samples of each third of the run
# What a reader of the configuration looks for first; the rest of it stands below.
FIRST = ("algorithm", "preset", "seed", "group_size", "prompts_per_batch", "rollouts_per_step", "optimizer_steps",
         "learning_rate", "beta", "clip_param")  # fmt: skip


def write(run: RunDir, folder: Path) -> Path:
    """Write `record.json` and `report.html` of a finished run into `folder`; returns the page's path.

    Raises ConfigError where the run has not finished, RecordError where its files do not make a record.
    """
    if not run.curves.exists():
        raise ConfigError(f"{run.path} has no {run.curves.name}: the run has not finished")
    record = gather(run)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / RECORD, record.model_dump_json(indent=1) + "\n")
    write_atomic(folder / PAGE, page(record, run.curves.read_bytes()))
    return folder / PAGE


def page(record: Record, curves: bytes) -> str:
    """The page as HTML: no scripts, nothing from elsewhere; everything that a model or a student wrote is escaped.

    `curves` is the picture as PNG.
    """
    environment = Environment(
        loader=FileSystemLoader(PACKAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        record=record,
        curves=base64.b64encode(curves).decode(),
        figures=figures(record),
        samples=[(name, _spread(record.samples_of(record.third(number)))) for number, name in
                 enumerate(("first", "middle", "last"))],
        first={name: record.config[name] for name in FIRST if name in record.config},
        others={name: value for name, value in record.config.items() if name not in FIRST},
    )  # fmt: skip


def figures(record: Record) -> list[dict[str, Any]]:
    """The figures that the course asks for, and those that say what they are worth: what, value, asked, holds."""

    def mean(steps: Sequence[Step], name: str) -> float:
        return fmean(getattr(step, name) for step in steps) if steps else 0.0

    first, last = record.third(0), record.third(2)
    adherence, before, after = mean(last, "format"), mean(first, "reward"), mean(last, "reward")
    rows = [
        {"what": "format adherence, last third of the steps", "value": f"{adherence:.3f}",
         "asked": f"above {FORMAT_TARGET}", "holds": adherence > FORMAT_TARGET},
        {"what": "mean reward, first and last third", "value": f"{before:.2f} → {after:.2f}", "asked": "rising",
         "holds": after > before},
    ]  # fmt: skip
    if len(record.heldout) > 1:
        start, end = record.heldout[0], record.heldout[-1]
        for name in ("format", "correct"):
            value = f"{getattr(start, name):.3f} → {getattr(end, name):.3f}"
            rows.append({"what": f"{name}, {end.problems} held-out problems, before and after", "value": value, "asked": "",
                         "holds": None})  # fmt: skip
    if record.metrics:
        newest = record.metrics[-1]
        tokens = sum(step.completion_tokens for step in record.metrics)
        rows.append({"what": "trained", "value": f"{newest.step} optimizer steps, {newest.rollouts:,} rollouts, "
                     f"{tokens:,} completion tokens, {newest.seconds:.0f} s", "asked": "", "holds": None})  # fmt: skip
    return rows


def _spread(samples: Sequence[Sample]) -> list[Sample]:
    """`SHOWN` of the samples, evenly spread."""
    if len(samples) <= SHOWN:
        return list(samples)
    return [samples[i * len(samples) // SHOWN] for i in range(SHOWN)]
