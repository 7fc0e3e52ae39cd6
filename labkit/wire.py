"""A batch of rollouts and its form on the wire: one safetensors blob whose metadata holds a JSON header.

Nothing that came over HTTP is unpickled. `decode` checks everything that later code relies on and says what is wrong.
Masks come from lengths, never from `ids != pad`: where pad and end-of-sequence are one token, the end must be trained on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from labkit.errors import WireError

CONTENT_TYPE = "application/vnd.safetensors"

_DTYPES = {"inputs": torch.int64, "rewards": torch.float32, "gen_logps": torch.float32, "refs": torch.float32,
           "raw_rewards": torch.float32, "formats": torch.float32, "corrects": torch.float32}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Batch:
    """`B` rollouts of `B / group_size` prompts, padded to `L` tokens, of which `C = L - plen` are completion positions.

    Prompts end at position `plen` (padded on the left), completions begin there (padded on the right). The rollouts of
    one prompt stand side by side.
    """

    plen: int
    group_size: int
    weight_version: int  # of the policy that generated it
    prompt_lengths: tuple[int, ...]  # B of them, each 1 .. plen
    completion_lengths: tuple[int, ...]  # B of them, each 0 .. C
    inputs: Tensor  # (B, L) int64
    rewards: Tensor  # (B,) float32, what PPO_step takes as the advantage
    gen_logps: Tensor  # (B, C) float32, of the generating policy; 0 on padding
    raw_rewards: Tensor  # (B,) float32, reward_format + reward_correct, for the curves
    formats: Tensor  # (B,) float32, 1 where reward_format is above 0
    corrects: Tensor  # (B,) float32, 1 where reward_correct is above 0
    refs: Tensor | None = None  # (B, C) float32, of the reference model; 0 on padding

    @property
    def attention_mask(self) -> Tensor:
        """(B, L) int64, 1 on the tokens of prompt and completion."""
        position = torch.arange(self.inputs.shape[1])[None]  # (1, L)
        start = self.plen - torch.tensor(self.prompt_lengths)[:, None]
        end = self.plen + torch.tensor(self.completion_lengths)[:, None]
        return ((position >= start) & (position < end)).long()

    @property
    def completion_mask(self) -> Tensor:
        """(B, C) float32, 1 on the completion's tokens, the end-of-sequence token included."""
        position = torch.arange(self.inputs.shape[1] - self.plen)[None]
        return (position < torch.tensor(self.completion_lengths)[:, None]).float()

    def rows(self, start: int, stop: int) -> Batch:
        """Rollouts `start` to `stop - 1`, with the same padding."""
        cut = {name: value[start:stop] for name in _DTYPES if (value := getattr(self, name)) is not None}
        return replace(self, prompt_lengths=self.prompt_lengths[start:stop],
                       completion_lengths=self.completion_lengths[start:stop], **cut)  # fmt: skip

    def student_view(self) -> dict[str, Any]:
        """The batch as `PPO_step` receives it: plen, and tensors of its contract."""
        return {"inputs": self.inputs, "plen": self.plen, "rewards": self.rewards, "refs": self.refs,
                "gen_logps": self.gen_logps, "completion_mask": self.completion_mask,
                "attention_mask": self.attention_mask}  # fmt: skip


def collate(
    prompts: Sequence[Sequence[int]],
    completions: Sequence[Sequence[int]],
    gen_logps: Sequence[Sequence[float]],
    *,
    rewards: Tensor,
    raw_rewards: Tensor,
    formats: Tensor,
    corrects: Tensor,
    group_size: int,
    weight_version: int,
    pad: int,
) -> Batch:
    """Pad token lists to one batch. Raises WireError where a completion and its log-probs differ in length or number."""
    if not len(prompts) == len(completions) == len(gen_logps):
        raise WireError(f"{len(completions)} completions of {len(prompts)} prompts, but gen_logps of {len(gen_logps)}")
    for row, (completion, given) in enumerate(zip(completions, gen_logps, strict=True)):
        if len(completion) != len(given):
            raise WireError(
                f"rollout {row}: {len(completion)} completion tokens, but {len(given)} gen_logps; each completion token, "
                "the last one too, has exactly one log-probability, and prompt tokens have none"
            )
    plen = max(map(len, prompts))
    width = max(map(len, completions))
    inputs = torch.full((len(prompts), plen + width), pad, dtype=torch.int64)
    logps = torch.zeros(len(prompts), width)
    for row, (prompt, completion) in enumerate(zip(prompts, completions, strict=True)):
        inputs[row, plen - len(prompt) : plen] = torch.tensor(prompt)
        inputs[row, plen : plen + len(completion)] = torch.tensor(completion, dtype=torch.int64)
        logps[row, : len(completion)] = torch.tensor(gen_logps[row])
    return Batch(plen=plen, group_size=group_size, weight_version=weight_version, inputs=inputs, gen_logps=logps,
                 prompt_lengths=tuple(map(len, prompts)), completion_lengths=tuple(map(len, completions)),
                 rewards=rewards, raw_rewards=raw_rewards, formats=formats, corrects=corrects)  # fmt: skip


def encode(batch: Batch) -> bytes:
    header = {"plen": batch.plen, "group_size": batch.group_size, "weight_version": batch.weight_version,
              "prompt_lengths": batch.prompt_lengths, "completion_lengths": batch.completion_lengths}  # fmt: skip
    tensors = {name: value.contiguous() for name in _DTYPES if (value := getattr(batch, name)) is not None}
    blob: bytes = safetensors.torch.save(tensors, metadata={"header": json.dumps(header)})
    return blob


def decode(blob: bytes, *, vocab_size: int | None = None) -> Batch:
    """The batch in `blob`. Raises WireError that says which part is malformed, with what was expected and what came."""
    try:
        tensors = safetensors.torch.load(blob)
        header = json.loads(_metadata(blob)["header"])
        numbers: dict[str, Any] = {name: header[name] for name in ("plen", "group_size", "weight_version")}
        lengths: dict[str, Any] = {name: tuple(header[name]) for name in ("prompt_lengths", "completion_lengths")}
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError) as error:
        raise WireError(f"not a batch: {type(error).__name__}: {error}") from error
    _check_tensors(tensors)
    _check_header(tensors, numbers, lengths)
    batch = Batch(**numbers, **lengths, **tensors)
    highest = int(batch.inputs.max()) if batch.inputs.numel() else 0
    if int(batch.inputs.min()) < 0 or (vocab_size is not None and highest >= vocab_size):
        raise WireError(f"inputs holds token ids {int(batch.inputs.min())} .. {highest}; the vocabulary has {vocab_size}")
    return batch


def _metadata(blob: bytes) -> dict[str, str]:
    """The format begins with its header's length (8 bytes, little endian) and the header as JSON."""
    length = int.from_bytes(blob[:8], "little")
    metadata: dict[str, str] = json.loads(blob[8 : 8 + length])["__metadata__"]
    return metadata


def _check_tensors(tensors: dict[str, Tensor]) -> None:
    missing, unknown = sorted(set(_DTYPES) - {"refs"} - set(tensors)), sorted(set(tensors) - set(_DTYPES))
    if missing or unknown:
        raise WireError(f"tensors missing: {missing}, unknown: {unknown}")
    for name, value in tensors.items():
        if value.dtype != _DTYPES[name]:
            raise WireError(f"{name} has dtype {value.dtype}; it must be {_DTYPES[name]}")
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise WireError(f"{name} holds {int((~torch.isfinite(value)).sum())} values that are not finite")


def _check_header(tensors: dict[str, Tensor], numbers: dict[str, Any], lengths: dict[str, tuple[Any, ...]]) -> None:
    if tensors["inputs"].ndim != 2 or 0 in tensors["inputs"].shape:
        raise WireError(f"inputs has shape {tuple(tensors['inputs'].shape)}; it must be (B, L), neither of them 0")
    for name, value in [*numbers.items(), *((n, v) for n, values in lengths.items() for v in values)]:
        if type(value) is not int:
            raise WireError(f"{name} holds {value!r}; it must be whole numbers")
    count, total = tensors["inputs"].shape
    plen, group_size = numbers["plen"], numbers["group_size"]
    if not 1 <= plen <= total:
        raise WireError(f"plen is {plen}; it must lie in 1 .. L = {total}")
    if group_size < 1 or count % group_size:
        raise WireError(f"{count} rollouts do not divide into groups of {group_size}")
    if numbers["weight_version"] < 0:
        raise WireError(f"weight_version is {numbers['weight_version']}; it must not be negative")
    for name, value in tensors.items():
        wanted = {"inputs": (count, total), "gen_logps": (count, total - plen), "refs": (count, total - plen)}.get(
            name, (count,)
        )
        if tuple(value.shape) != wanted:
            raise WireError(
                f"{name} has shape {tuple(value.shape)}; with inputs {(count, total)} and plen {plen} it must be {wanted}"
            )
    for name, low, high in (("prompt_lengths", 1, plen), ("completion_lengths", 0, total - plen)):
        if len(lengths[name]) != count or not all(low <= length <= high for length in lengths[name]):
            raise WireError(f"{name} is {list(lengths[name])[:8]}…; it must be {count} numbers in {low} .. {high}")
