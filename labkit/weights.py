"""Policy weights, numbered, from the trainer to the rollout worker: `publish` on one side, `newest` on the other.

A version is a directory with one safetensors file, written in shared memory where there is any, and renamed into place,
so that a reader finds all of it or nothing. `state/weights.json` names the newest. A version counts optimizer steps.

Each carries a probe: a short sequence and the log-probs that the trainer's own forward pass gives it under these weights.
The receiver scores the probe with what it loaded. So weights that arrived wrong, or not at all, are noticed at once.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors.torch
from safetensors import safe_open
from torch import Tensor

from labkit.config import RunConfig, RunDir, write_atomic
from labkit.errors import WeightsError

KEPT = 3  # versions that stay on disk, for a reader that is just opening one
SHARED_MEMORY = Path("/dev/shm")
FILE = "model.safetensors"
# Largest mean |log-prob difference| on the probe, in nats: rounding of two different forward passes.
PROBE_TOLERANCE = {"float32": 1e-3, "bfloat16": 0.25}


@dataclass(frozen=True)
class Published:
    """One version of the policy, as `state/weights.json` announces it."""

    version: int
    path: str
    probe_ids: list[int]
    probe_logps: list[float]  # of probe_ids[1:]

    def verify(self, logps: Sequence[float], dtype: str) -> float:
        """The mean gap in nats between the trainer's probe log-probs and the receiver's. Raises WeightsError above rounding."""
        gap = sum(abs(a - b) for a, b in zip(self.probe_logps, logps, strict=True)) / len(logps)
        if not gap <= PROBE_TOLERANCE[dtype]:
            raise WeightsError(
                f"weights version {self.version} did not arrive as they were sent: on the probe the trainer's log-probs and "
                f"the generation engine's differ by {gap:.4g} nats on average, and rounding explains {PROBE_TOLERANCE[dtype]}"
            )
        return gap


class Publisher:
    """The trainer's side."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        base = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else run.state
        self._folder = Path(tempfile.mkdtemp(prefix="labkit-weights-", dir=base))
        with (run.state / "scratch").open("a") as scratch:
            scratch.write(f"{self._folder}\n")
        self._paths: list[Path] = []

    def publish(self, version: int, tensors: Mapping[str, Tensor], probe_ids: list[int], probe_logps: list[float]) -> Published:
        """Write `tensors` as `version` and announce them. Raises WeightsError where the disk is full."""
        path = self._folder / f"{version:06d}"
        scratch = path.with_suffix(".partial")
        try:
            scratch.mkdir()
            named = {name: tensor.contiguous() for name, tensor in tensors.items()}
            safetensors.torch.save_file(named, scratch / FILE, metadata={"format": "pt", "version": str(version)})
        except (OSError, safetensors.SafetensorError) as error:
            raise WeightsError(
                f"weights version {version} could not be written to {self._folder}: {error}; free some space there"
            ) from error
        scratch.rename(path)
        published = Published(version, str(path), probe_ids, probe_logps)
        write_atomic(self._run.state / "weights.json", json.dumps(asdict(published)))
        self._paths.append(path)
        while len(self._paths) > KEPT:
            shutil.rmtree(self._paths.pop(0))
        return published


def newest(run: RunDir) -> Published | None:
    """The newest version that was announced; None before the first. Raises WeightsError where it is not what it says."""
    announcement = run.state / "weights.json"
    while announcement.exists():
        published = Published(**json.loads(announcement.read_text()))
        try:
            with safe_open(Path(published.path) / FILE, framework="pt") as file:
                found = file.metadata()["version"]
        except FileNotFoundError:  # superseded while we looked, unless the announcement still names it
            if json.loads(announcement.read_text())["version"] == published.version:
                raise WeightsError(
                    f"weights version {published.version} were announced, but {published.path} is gone"
                ) from None
            continue
        if int(found) != published.version:
            raise WeightsError(f"{published.path} holds weights version {found}; version {published.version} was announced")
        return published
    return None


def for_vllm(state: Mapping[str, Tensor], config: RunConfig) -> dict[str, Tensor]:
    """A policy's state under the names and the dtype that the generation engine expects, on the CPU.

    With tied embeddings a model's state has no `lm_head.weight`, and vLLM on a CPU would silently go on with the old one,
    which it has packed: so it is written out.
    """
    import torch

    tensors = {name: t.detach().to("cpu", getattr(torch, config.dtype)) for name, t in state.items()}
    tied = tensors.get("lm_head.weight", tensors["model.embed_tokens.weight"])
    return {**tensors, "lm_head.weight": tied.clone()}
