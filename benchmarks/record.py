"""What every benchmark writes with `--json FILE`: ratios, figures, the machine, the versions, the date."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import psutil

Ratio = dict[str, float | None]  # median, low, high


def ratio(above: Sequence[float | None], below: Sequence[float | None]) -> Ratio:
    """`above / below`, a pair a repetition: the ratio of the medians, and the lowest and highest ratio of a pair.

    None stands for "never got there", which counts as endless. A ratio that this leaves without a finite value is None.
    """
    pairs = [(math.inf if a is None else a, math.inf if b is None else b) for a, b in zip(above, below, strict=True)]
    middle = _divide(median(a for a, _ in pairs), median(b for _, b in pairs))
    ratios = [_divide(a, b) for a, b in pairs]
    if any(math.isnan(r) for r in ratios):
        return {"median": _finite(middle), "low": None, "high": None}
    return {"median": _finite(middle), "low": _finite(min(ratios)), "high": _finite(max(ratios))}


def _divide(a: float, b: float) -> float:
    return a / b  # inf / inf is nan


def _finite(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def machine() -> dict[str, Any]:
    """What the figures depend on, and nothing that names the machine."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def write(path: Path, ratios: Mapping[str, Ratio], figures: Mapping[str, Any], packages: Sequence[str]) -> None:
    """Write the record; `packages` are those whose versions matter. Ratios above one mean we are ahead."""
    record = {
        "ratios": ratios,
        "figures": figures,
        "machine": machine(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2, allow_nan=False) + "\n")
