"""Policy weights, numbered, from the trainer to the rollout worker: a `Publisher` on one side, `newest` or `ask` on the other.

A version counts optimizer steps. On the disk it is a directory with one safetensors file, written in shared memory where there
is any, and renamed into place, so that a reader finds all of it or nothing. `state/weights.json` names the newest. Between GPUs
nothing is stored (`transfer`): the rollout worker asks, and the trainer's answer in the same file says how the weights come.

Each carries a probe: a short sequence and the log-probs that the trainer's own forward pass gives it under these weights.
The receiver scores the probe with what it loaded. So weights that arrived wrong, or not at all, are noticed at once.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import safe_open
from torch import Tensor

from labkit.config import RunConfig, RunDir, write_atomic
from labkit.errors import WeightsError

KEPT = 3  # versions that stay on disk, for a reader that is just opening one
SHARED_MEMORY = Path("/dev/shm")
FILE = "model.safetensors"
ANNOUNCEMENT, WANTED, TAKEN = "weights.json", "weights_wanted.json", "weights_taken"  # in a run's state/
POLL = 0.005  # seconds between two looks for the trainer's answer
# Largest mean |log-prob difference| on the probe, in nats: rounding of two different forward passes.
PROBE_TOLERANCE = {"float32": 1e-3, "bfloat16": 0.25}


@dataclass(frozen=True)
class Published:
    """One version of the policy, as `state/weights.json` announces it."""

    version: int
    path: str | None  # of its directory; None where it is not on the disk
    probe_ids: list[int]
    probe_logps: list[float]  # of probe_ids[1:]
    request: int = 0  # that this answers, where the rollout worker asked
    transfer: dict[str, Any] | None = None  # how it comes, where it comes from GPU to GPU

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
    """The trainer's side, over the disk: a version after every `publish_every` optimizer steps."""

    on_request = False  # whether the rollout worker asks, and waits until the trainer is between two steps

    def __init__(self, run: RunDir, config: RunConfig) -> None:
        self._run, self._config = run, config
        self._dtype = getattr(torch, config.dtype)
        self._patience = config.stall_timeout
        base = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else run.state
        self._folder = Path(tempfile.mkdtemp(prefix="labkit-weights-", dir=base))
        with (run.state / "scratch").open("a") as scratch:
            scratch.write(f"{self._folder}\n")
        self._paths: list[Path] = []
        self._stored: Published | None = None

    def wanted(self, step: int) -> bool:
        """Whether the weights after `step` optimizer steps are to be published now."""
        return self._stored is None or (self._stored.version != step and step % self._config.publish_every == 0)

    def publish(self, version: int, tensors: Mapping[str, Tensor], probe_ids: list[int], probe_logps: list[float]) -> Published:
        """Hand `tensors` on as `version`. Raises WeightsError where the disk is full."""
        return self.store(version, tensors, probe_ids, probe_logps)

    def store(self, version: int, tensors: Mapping[str, Tensor], probe_ids: list[int], probe_logps: list[float]) -> Published:
        """Write `tensors` as `version` to the disk, once, and announce them. Raises WeightsError where it is full."""
        if self._stored is not None and self._stored.version == version:
            return self._stored
        path = self._folder / f"{version:06d}"
        scratch = path.with_suffix(".partial")
        try:
            scratch.mkdir()
            named = {name: tensor.contiguous() for name, tensor in for_vllm(tensors, self._config).items()}
            safetensors.torch.save_file(named, scratch / FILE, metadata={"format": "pt", "version": str(version)})
        except (OSError, safetensors.SafetensorError) as error:
            raise WeightsError(
                f"weights version {version} could not be written to {self._folder}: {error}; free some space there"
            ) from error
        scratch.rename(path)
        self._stored = self._announce(Published(version, str(path), probe_ids, probe_logps))
        self._paths.append(path)
        while len(self._paths) > KEPT:
            shutil.rmtree(self._paths.pop(0))
        return self._stored

    def _announce(self, published: Published) -> Published:
        write_atomic(self._run.state / ANNOUNCEMENT, json.dumps(asdict(published)))
        return published


def ask(run: RunDir, have: int, ended: Callable[[], bool]) -> Published | None:
    """Ask the trainer for weights newer than version `have`, and wait for its answer: the weights that it has, with how they
    come where they are newer. Once the run has `ended`, what is stored of it."""
    request = answered(run) + 1
    write_atomic(run.state / WANTED, json.dumps({"request": request, "have": have}))
    while (published := _announced(run)) is None or published.request != request:
        if ended():
            return newest(run)
        time.sleep(POLL)
    return published


def answered(run: RunDir) -> int:
    """How many requests the trainer has answered."""
    published = _announced(run)
    return 0 if published is None else published.request


def taken(run: RunDir, published: Published) -> None:
    """Tell the trainer that these weights have been copied."""
    write_atomic(run.state / TAKEN, str(published.request))


def _announced(run: RunDir) -> Published | None:
    announcement = run.state / ANNOUNCEMENT
    return Published(**json.loads(announcement.read_text())) if announcement.exists() else None


def newest(run: RunDir) -> Published | None:
    """The newest version on the disk; None before the first. Raises WeightsError where it is not what it says."""
    while (published := _announced(run)) is not None and published.path is not None:
        try:
            with safe_open(Path(published.path) / FILE, framework="pt") as file:
                found = file.metadata()["version"]
        except FileNotFoundError:  # superseded while we looked, unless the announcement still names it
            if _announced(run) == published:
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
    tensors = {name: t.detach().to("cpu", getattr(torch, config.dtype)) for name, t in state.items()}
    tied = tensors.get("lm_head.weight", tensors["model.embed_tokens.weight"])
    return {**tensors, "lm_head.weight": tied.clone()}
