"""Lines of JSON that a run appends and everybody else reads: `metrics.jsonl`, `samples.jsonl`, `heldout.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# One line of metrics.jsonl, for one optimizer step. Rates lie in 0 .. 1, times are seconds, log-probs are in nats.
FIELDS = {
    "step": "optimizer steps taken, this one included",
    "time": "when the step ended, in seconds since the epoch",
    "seconds": "since the trainer was ready",
    "reward": "mean of reward_format + reward_correct",
    "format": "share of rollouts in the asked format",
    "correct": "share of rollouts with the right final number",
    "loss": "what PPO_step returned, mean over the step",
    "kl": "estimate k3 of KL(policy, reference) per token: exp(r) - r - 1, r = ref - current (Schulman 2020)",
    "clip_fraction": "share of completion tokens with |ratio - 1| above clip_param",
    "entropy": "mean entropy of the policy's next-token distribution over completion tokens",
    "grad_norm": "norm of the gradient before clipping",
    "learning_rate": "of this step",
    "completion_tokens": "trained in this step",
    "completion_length": "mean tokens of a completion",
    "weight_version": "optimizer steps behind the policy that generated this step's rollouts",
    "staleness": "optimizer steps taken since then",
    "rollouts": "trained so far",
    "dropped": "rollouts dropped so far because they were staler than max_staleness",
    "logprob_gap": "mean |current - gen_logps| over completion tokens",
    "zero_variance_groups": "share of groups whose rewards are all equal; null where a group has one rollout",
    "seconds_waiting": "of this step, spent waiting for a batch",
    "seconds_training": "of this step, spent in forward, backward and update",
    "seconds_publishing": "of this step, spent publishing weights",
}


class JsonlWriter:
    """Appends one JSON object a line; each line is on disk, whole, when `write` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, record: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(record, allow_nan=False) + "\n")


class JsonlReader:
    """Follows a file that grows: each call of `new` gives the records that were completed since the last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new(self) -> list[dict[str, Any]]:
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        complete = data[: data.rfind(b"\n") + 1]
        self._offset += len(complete)
        return [json.loads(line) for line in complete.splitlines()]


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """All complete records of `path`; none where it does not exist."""
    return JsonlReader(path).new()
