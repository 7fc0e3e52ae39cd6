"""A batch without padding and repetition: its tokens in one row, a prompt that a group shares only once.

Most of a short rollout's tokens are prompt, and a group's rollouts share it. All layers but attention look at one token at a
time, so they take the folded row. Attention alone needs to know what belongs together: there, and there only, the tokens are
laid out as a batch of rows again, each beginning at its first token. Nothing that a causal mask lets through is then padding,
so the fast kernels serve that need no other mask. Equal up to rounding to one sequence at a time.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "folded"


@dataclass
class Fold:
    """`B` padded rows of `L` tokens as one row of `T` tokens: first the `P` tokens of shared prompts, then all others."""

    ids: Tensor  # (1, T) int64
    positions: Tensor  # (1, T) int64: of each token in its sequence, as without padding
    back: Tensor  # (B, L) int64: where each token went, among the T; anywhere for padding
    rows: Tensor  # (B, W) int64: the same without padding on the left; W is the longest sequence
    copies: Tensor  # (G, P) int64: where each shared token stands among the B * W, once for each rollout of its group
    own: Tensor  # (T - P,) int64: where each other token stands among the B * W
    taken: Tensor  # (T,) int64: the first of `copies`, and `own`: one place among the B * W for each of the T

    @classmethod
    def of(cls, ids: Tensor, mask: Tensor | None, plen: int) -> Fold:
        """`ids` `(B, L)`, `mask` `(B, L)`, 1 on tokens (default: all). Rows that agree in their first `plen` share them."""
        (count, length), device = ids.shape, ids.device
        mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        size = _group_size(ids, mask, plen)
        is_shared = mask & (torch.arange(length, device=device) < (plen if size > 1 else 0))
        leads = torch.arange(count, device=device)[:, None] % size == 0  # whose prompt stands for the group
        prompts = (is_shared & leads).flatten().nonzero().squeeze(1)  # (P,)
        others = (mask & ~is_shared).flatten().nonzero().squeeze(1)  # (T - P,)
        source = torch.cat([prompts, others])  # which of the B * L tokens stands at each place

        back = torch.zeros_like(ids).flatten()
        back[source] = torch.arange(len(source), device=device)
        grouped = back.view(-1, size, length)
        back = torch.where(is_shared.view(-1, size, length), grouped[:, :1], grouped).view(count, length)

        positions = (mask.long().cumsum(1) - 1).clamp(min=0)
        width = int(positions.max()) + 1
        places = torch.arange(count, device=device)[:, None] * width + positions  # (B, L): among the B * W
        rows = torch.zeros(count * width, dtype=torch.long, device=device)
        rows[places[mask]] = back[mask]
        rollouts = torch.arange(size, device=device)[:, None] * length
        copies, own = places.flatten()[prompts + rollouts], places.flatten()[others]
        return cls(
            ids=ids.flatten()[source][None],
            positions=positions.flatten()[source][None],
            back=back,
            rows=rows.view(count, width),
            copies=copies,
            own=own,
            taken=torch.cat([copies[0], own]),
        )

    def spread(self, values: Tensor) -> Tensor:
        """(T, H, D) -> (B, H, W, D)"""
        spread: Tensor = _Spread.apply(values, self)  # type: ignore[no-untyped-call]
        return spread.view(*self.rows.shape, *spread.shape[1:]).transpose(1, 2)

    def collect(self, values: Tensor) -> Tensor:
        """(B, W, H, D) -> (1, T, H, D)"""
        collected: Tensor = _Collect.apply(values.flatten(0, 1), self)  # type: ignore[no-untyped-call]
        return collected[None]


def _group_size(ids: Tensor, mask: Tensor, plen: int) -> int:
    """The largest G for which every G consecutive rows share their first `plen` tokens."""
    if not 0 < plen < ids.shape[1]:
        return 1
    same = ((ids[1:, :plen] == ids[:-1, :plen]) & (mask[1:, :plen] == mask[:-1, :plen])).all(1)
    starts = [0, *((~same).nonzero().flatten() + 1).tolist(), len(ids)]
    return math.gcd(*(stop - start for start, stop in itertools.pairwise(starts)))


class _Spread(torch.autograd.Function):
    """(T, ...) -> (B * W, ...). Autograd's own gradient of an index adds row by row, in bfloat16 and in any order."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, fold: Fold) -> Tensor:
        ctx.fold = fold
        return values[fold.rows.flatten()]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        [grad], fold = grads, ctx.fold
        return torch.cat([grad[fold.copies].sum(0), grad[fold.own]]), None


class _Collect(torch.autograd.Function):
    """(B * W, ...) -> (T, ...). Nothing is taken twice, so the gradient is put, where autograd's own would sort and add."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, fold: Fold) -> Tensor:
        ctx.fold, ctx.shape = fold, values.shape
        return values[fold.taken]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        [grad] = grads
        return grad.new_zeros(ctx.shape).index_copy_(0, ctx.fold.taken, grad), None


def attention(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
              fold: Fold | None = None, **kwargs: Any) -> tuple[Tensor, None]:  # fmt: skip
    """transformers' scaled dot-product attention; of a folded row where `fold` says how, then without `attention_mask`.

    `query`, `key`, `value` `(1, heads, T, D)`; returns `(1, T, heads, D)`.
    """
    if fold is None:
        return cast("tuple[Tensor, None]", sdpa_attention_forward(module, query, key, value, attention_mask, **kwargs))
    heads = [values.shape[1] for values in (query, key, value)]
    together = torch.cat([values.squeeze(0).transpose(0, 1) for values in (query, key, value)], dim=1)  # (T, all heads, D)
    rows = torch.split(fold.spread(together), heads, dim=1)
    out, _ = sdpa_attention_forward(module, *rows, attention_mask=None, is_causal=True, **kwargs)
    return fold.collect(out), None


AttentionInterface.register(ATTENTION, attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
