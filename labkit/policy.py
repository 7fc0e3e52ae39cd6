"""The policy and the reference model: loading, the forward pass, log-probabilities of completions.

A group's rollouts share their prompt, and most of a short rollout's tokens are prompt. `Policy` computes a shared prompt
once: it lays a group out as one row `prompt, completion 1, ..., completion G` without padding, in which a completion sees
the prompt and itself, and unfolds the logits, so that a caller sees ordinary `(B, L, V)` logits. Equal up to rounding, and
a third of the work.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from labkit.config import RunConfig
from labkit.errors import SetupError

if TYPE_CHECKING:  # seconds, which checks and graders that load no model need not wait
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_tokenizer(config: RunConfig) -> PreTrainedTokenizerBase:
    """Raises SetupError where the model is neither on disk nor to be downloaded."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(config.model)
    except (OSError, ValueError) as error:
        raise SetupError(_unavailable(config, error)) from error


def load_model(config: RunConfig) -> PreTrainedModel:
    """The model of `config` on the CPU, in `config.dtype`, without dropout. Raises SetupError as `load_tokenizer`."""
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    if Path(config.model).is_dir():
        logging.disable_progress_bar()  # at once there; a notebook is no place for its bars
    try:
        model = AutoModelForCausalLM.from_pretrained(config.model, dtype=getattr(torch, config.dtype))
    except (OSError, ValueError) as error:
        raise SetupError(_unavailable(config, error)) from error
    return cast("PreTrainedModel", model.eval())


def _unavailable(config: RunConfig, error: Exception) -> str:
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

    def completion_logps(
        self, input_ids: Tensor, attention_mask: Tensor, plen: int, *, chunk_bytes: int = 256 * 2**20
    ) -> Tensor:
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
    """`B` padded rows of `L` tokens as `N` rows, one a group: the prompt once, then the completions, without padding between.

    A group whose rows do not share their prompt has one row.
    """

    index: Tensor  # (N, T) int64: which of the B * L tokens stands here
    segment: Tensor  # (N, T) int64: 0 prompt, g the g-th completion, -1 padding
    positions: Tensor  # (N, T) int64, as without padding
    back: Tensor  # (B, L) int64: where each token went, among N * T; anywhere for padding
    ids: Tensor  # (B, L)

    @classmethod
    def of(cls, ids: Tensor, mask: Tensor | None, plen: int) -> Fold:
        count, length = ids.shape
        mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        size = cls._group_size(ids, mask, plen)
        is_prompt = torch.arange(length, device=ids.device) < (plen if size > 1 else 0)  # (L,)
        leads = (torch.arange(count, device=ids.device) % size == 0)[:, None]  # (B, 1): whose prompt stands for the group
        keep = (mask & (leads | ~is_prompt)).view(-1, size * length)  # (N, G * L)
        place = keep.cumsum(1) - 1  # (N, G * L): the column that each kept token gets
        rows, columns = keep.nonzero(as_tuple=True)
        groups, width = len(keep), int(place.max()) + 1
        flat = torch.arange(count * length, device=ids.device).view(groups, -1)
        number = torch.arange(size, device=ids.device).repeat_interleave(length) + 1  # (G * L,)
        number = number.masked_fill(is_prompt.repeat(size), 0)

        def packed(values: Tensor, empty: int) -> Tensor:
            """(N, G * L) -> (N, T)"""
            out = torch.full((groups, width), empty, device=ids.device)
            out[rows, place[rows, columns]] = values[rows, columns]
            return out

        positions = (mask.long().cumsum(1) - 1).clamp(min=0).view(groups, -1)
        went = (place + torch.arange(groups, device=ids.device)[:, None] * width).view(groups, size, length)
        went = torch.where(is_prompt, went[:, :1], went)  # a shared prompt went where its first copy did
        return cls(
            index=packed(flat, 0),
            segment=packed(number.expand(groups, -1), -1),
            positions=packed(positions, 0),
            back=went.reshape(count, length).clamp(min=0),
            ids=ids,
        )

    @staticmethod
    def _group_size(ids: Tensor, mask: Tensor, plen: int) -> int:
        """How many consecutive rows share their first `plen` tokens; 1 where that differs between groups, or saves little.

        One long row costs attention more than several short ones: it must save a quarter of the tokens.
        """
        if not 0 < plen < ids.shape[1] or len(ids) == 1:
            return 1
        same = (ids[1:, :plen] == ids[:-1, :plen]) & (mask[1:, :plen] == mask[:-1, :plen])
        starts = [0, *((~same.all(1)).nonzero().flatten() + 1).tolist(), len(ids)]
        sizes = {stop - start for start, stop in itertools.pairwise(starts)}
        size = sizes.pop() if len(sizes) == 1 else 1
        return size if plen + size * (ids.shape[1] - plen) <= 0.75 * size * ids.shape[1] else 1

    def model_inputs(self) -> dict[str, Tensor]:
        query, key = self.segment[:, :, None], self.segment[:, None, :]  # (N, T, 1), (N, 1, T)
        sees = ((key == 0) | (key == query)).tril()  # what comes before, in the prompt or in the same completion
        # Padding sees itself, or its softmax would have nothing to sum over.
        allowed = (sees & (key >= 0)) | torch.eye(query.shape[1], dtype=torch.bool, device=query.device)
        ids = self.ids.flatten()[self.index]
        return {"input_ids": ids, "attention_mask": allowed[:, None], "position_ids": self.positions}

    def unfold(self, values: Tensor) -> Tensor:
        """(N, T, D) -> (B, L, D); what stands on padding means nothing"""
        return values.flatten(0, 1)[self.back]
