"""The policy and the reference model: loading, the forward pass, log-probabilities of completions.

A group's rollouts share their prompt, and most of a short rollout's tokens are prompt. `Policy` computes a shared prompt
once: it lays a group out as one row `prompt, completion 1, ..., completion G`, in which a completion sees the prompt and
itself, and unfolds the logits, so that a caller sees ordinary `(B, L, V)` logits. Equal up to rounding, a third of the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from labkit.config import RunConfig
from labkit.errors import SetupError


def load_tokenizer(config: RunConfig) -> PreTrainedTokenizerBase:
    """Raises SetupError where the model is neither on disk nor to be downloaded."""
    try:
        return AutoTokenizer.from_pretrained(config.model)
    except OSError as error:
        raise SetupError(_unavailable(config, error)) from error


def load_model(config: RunConfig) -> PreTrainedModel:
    """The model of `config` on the CPU, in `config.dtype`, without dropout. Raises SetupError as `load_tokenizer`."""
    try:
        model = AutoModelForCausalLM.from_pretrained(config.model, dtype=getattr(torch, config.dtype))
    except OSError as error:
        raise SetupError(_unavailable(config, error)) from error
    return cast(PreTrainedModel, model.eval())


def _unavailable(config: RunConfig, error: OSError) -> str:
    where = "is not a complete model directory" if Path(config.model).is_dir() else "could not be downloaded"
    return (
        f"the model {config.model} {where}: {str(error).splitlines()[0]}. Without a network, copy the model's files "
        "(config.json, *.safetensors, tokenizer files) to a directory and give it as model=DIRECTORY"
    )


@dataclass
class PolicyOutput:
    logits: Tensor  # (B, L, V)


class Policy(nn.Module):
    """A causal language model that computes a prompt once for all rollouts of a group.

    `plen` is a hint, set before a forward pass: rows that agree in their first `plen` tokens are folded. Whether they
    agree is read from the tokens themselves, so a wrong hint costs time, never correctness. 0 folds nothing.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        self.plen = 0

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> PolicyOutput:
        """Logits `(B, L, V)` for `input_ids` `(B, L)` int64, `attention_mask` `(B, L)`, 1 on tokens (default: all)."""
        fold = Fold.of(input_ids, attention_mask, self.plen)
        logits = self.model(**fold.model_inputs(), use_cache=False).logits
        return PolicyOutput(logits=fold.unfold(logits))

    def completion_logps(self, input_ids: Tensor, attention_mask: Tensor, plen: int, *, chunk_bytes: int) -> Tensor:
        """Log-probabilities `(B, C)` float32 of the tokens after `plen`, given all before them.

        Logits are made for completion positions only, and for at most `chunk_bytes` of them at a time.
        """
        fold = Fold.of(input_ids, attention_mask, plen)
        hidden = self.model.base_model(**fold.model_inputs(), use_cache=False).last_hidden_state  # (rows, T, H)
        hidden = fold.unfold(hidden)[:, plen - 1 : -1].flatten(0, 1)  # (B * C, H): what predicts each completion token
        targets = input_ids[:, plen:].reshape(-1)
        head = self.model.get_output_embeddings()
        step = max(1, chunk_bytes // (4 * head.weight.shape[0]))
        logps = [token_logps(head(hidden[i : i + step]), targets[i : i + step]) for i in range(0, len(targets), step)]
        return torch.cat(logps).view(len(input_ids), -1)


def token_logps(logits: Tensor, tokens: Tensor) -> Tensor:
    """Log-probability `(...)` float32 of each of `tokens` `(...)` under `logits` `(..., V)`."""
    logits = logits.float()
    return logits.gather(-1, tokens[..., None]).squeeze(-1) - logits.logsumexp(-1)


@dataclass
class Fold:
    """`B` rows of `L` tokens as `N` rows of `plen + G * (L - plen)`; with `G == 1`, the rows as they are."""

    ids: Tensor  # (B, L)
    mask: Tensor  # (B, L) bool
    plen: int
    groups: int  # N
    size: int  # G

    @classmethod
    def of(cls, ids: Tensor, mask: Tensor | None, plen: int) -> Fold:
        mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        size = 1
        if 0 < plen < ids.shape[1] and len(ids) > 1:
            same = (ids[1:, :plen] == ids[:-1, :plen]) & (mask[1:, :plen] == mask[:-1, :plen])
            starts = [0, *((~same.all(1)).nonzero().flatten() + 1).tolist(), len(ids)]
            sizes = {stop - start for start, stop in zip(starts, starts[1:], strict=False)}
            size = sizes.pop() if len(sizes) == 1 else 1
        return cls(ids, mask, plen, len(ids) // size, size)

    def model_inputs(self) -> dict[str, Any]:
        positions = (self.mask.long().cumsum(1) - 1).clamp(min=0)  # as without padding
        if self.size == 1:
            return {"input_ids": self.ids, "attention_mask": self.mask.long(), "position_ids": positions}
        mask = self._fold(self.mask)  # (N, T)
        # Segment 0 is the prompt, segment g the g-th completion.
        width = self.ids.shape[1] - self.plen
        segment = torch.arange(self.size + 1, device=mask.device).repeat_interleave(
            torch.tensor([self.plen] + [width] * self.size, device=mask.device)
        )
        sees = ((segment[None] == 0) | (segment[None] == segment[:, None])).tril()  # (T, T): causal, and its own
        # A padded position sees itself, or its softmax would have nothing to sum over.
        allowed = (sees[None] & mask[:, None]) | torch.eye(len(segment), dtype=torch.bool, device=mask.device)
        return {
            "input_ids": self._fold(self.ids),
            "attention_mask": allowed[:, None],
            "position_ids": self._fold(positions),
        }

    def _fold(self, rows: Tensor) -> Tensor:
        """(B, L) -> (N, plen + G * C)"""
        grouped = rows.view(self.groups, self.size, -1)
        return torch.cat([grouped[:, 0, : self.plen], grouped[:, :, self.plen :].flatten(1)], dim=1)

    def unfold(self, values: Tensor) -> Tensor:
        """(N, plen + G * C, D) -> (B, L, D)"""
        if self.size == 1:
            return values
        depth = values.shape[-1]
        prompt = values[:, None, : self.plen].expand(-1, self.size, -1, -1)
        completions = values[:, self.plen :].reshape(self.groups, self.size, -1, depth)
        return torch.cat([prompt, completions], dim=2).flatten(0, 1)
