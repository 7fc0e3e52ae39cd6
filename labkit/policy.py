"""The policy and the reference model: loading, the forward pass, log-probabilities of completions.

`Policy` computes no padding, a prompt that a group shares once (`fold`), and logits only where they are used. A caller sees
ordinary `(B, L, V)` logits all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

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
    if config.device == "cuda":
        fuse_norms(model)
    if config.liger:
        _fuse(model)
    return cast("PreTrainedModel", model.eval())


def fuse_norms(model: nn.Module) -> None:
    """Let torch's one kernel do a Qwen2 model's normalisations, in place of five, or of Liger's, which is slower to launch."""
    from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm

    for norm in (module for module in model.modules() if isinstance(module, Qwen2RMSNorm)):
        norm.forward = partial(
            nn.functional.rms_norm, normalized_shape=norm.weight.shape, weight=norm.weight, eps=norm.variance_epsilon
        )


def _fuse(model: nn.Module) -> None:
    """Put Liger's kernels in place of a Qwen2 model's rotary embedding and SwiGLU. Raises SetupError where the package is
    missing."""
    try:
        from liger_kernel.transformers import apply_liger_kernel_to_qwen2
    except ImportError as error:
        raise SetupError(f"liger=True needs the package liger-kernel ({error}); install it, or set liger=False") from error
    apply_liger_kernel_to_qwen2(cross_entropy=False, fused_linear_cross_entropy=False, rms_norm=False, model=model)


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

    def __init__(self, model: PreTrainedModel, *, lazy: bool = True) -> None:
        """`lazy=False` makes all logits within the forward pass: where the head's weights are at hand only then (ZeRO-3)."""
        from labkit.fold import ATTENTION

        super().__init__()
        model.set_attn_implementation(ATTENTION)
        self.model = model
        self.plen = 0
        self._lazy = lazy

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> PolicyOutput:
        """Logits `(B, L, V)` for `input_ids` `(B, L)` int64, `attention_mask` `(B, L)`, 1 on tokens (default: all)."""
        logits = self._logits(input_ids, attention_mask, self.plen)
        return PolicyOutput(logits=logits if self._lazy else logits.made())

    def completion_logps(
        self, input_ids: Tensor, attention_mask: Tensor, plen: int, *, chunk_bytes: int = 256 * 2**20
    ) -> Tensor:
        """Log-probabilities `(B, C)` float32 of the tokens after `plen`, given all before them; 0 on padding.

        Logits are made for completion tokens only, and for at most `chunk_bytes` of them at a time.
        """
        mask = attention_mask[:, plen:].bool()  # (B, C)
        logits = self._logits(input_ids, attention_mask, plen)[:, plen - 1 : -1][mask]  # (N, V): what predicts each of them
        logps = torch.cat([token_logps(*part) for part in chunks(logits, input_ids[:, plen:][mask], chunk_bytes)])
        return torch.zeros(mask.shape, device=mask.device).masked_scatter(mask, logps)

    def _logits(self, input_ids: Tensor, attention_mask: Tensor | None, plen: int) -> Logits:
        from labkit.fold import Fold

        fold = Fold.of(input_ids, attention_mask, plen)
        masks = {"full_attention": None, "sliding_attention": None}  # `fold` tells attention what it needs to know
        hidden = self.model.base_model(
            input_ids=fold.ids, position_ids=fold.positions, attention_mask=masks, use_cache=False, fold=fold
        ).last_hidden_state  # (1, T, H)
        return Logits(hidden[0], fold.back, self.model.get_output_embeddings())


class Logits(Tensor):
    """`(B, L, V)` logits that are made where they are used.

    Slicing sequences and positions costs nothing. Whatever else one does makes the logits that are left, and works on them:
    to `PPO_step` these are ordinary logits, and none are made for prompts.
    """

    hidden: Tensor  # (T, H)
    predicts: Tensor  # (...): which of the T predicts here
    head: nn.Module
    _made: Tensor | None

    @staticmethod
    def __new__(cls, hidden: Tensor, predicts: Tensor, head: nn.Module) -> Logits:
        shape = (*predicts.shape, cast("Tensor", head.weight).shape[0])
        made = Tensor._make_wrapper_subclass(cls, shape, dtype=hidden.dtype, device=hidden.device)
        made.hidden, made.predicts, made.head, made._made = hidden, predicts, head, None
        return made

    def made(self) -> Tensor:
        """The logits themselves."""
        if self._made is None:
            # An embedding's gradient adds what falls on one row in float32 and in a fixed order; that of an index does not.
            self._made = cast("Tensor", self.head(nn.functional.embedding(self.predicts, self.hidden)))
        return self._made

    @classmethod
    def __torch_function__(cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _OF_THE_SHAPE:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        if (
            func is Tensor.__getitem__
            and isinstance(args[0], cls)
            and (chosen := _without_vocabulary(args[1], args[0].ndim)) is not None
        ):
            return cls(args[0].hidden, args[0].predicts[chosen], args[0].head)
        if func is Tensor.detach:
            return cls(args[0].hidden.detach(), args[0].predicts, args[0].head)
        args, kwargs = tree_map_only(cls, lambda logits: logits.made(), (args, kwargs or {}))
        return func(*args, **kwargs)

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        raise NotImplementedError(f"{func} reached logits that were not made")


_AnyTensor: Any = Tensor  # to mypy, a property of a class has no `__get__`
# What is known of logits before they are made.
_OF_THE_SHAPE = {_AnyTensor.size, _AnyTensor.dim, _AnyTensor.numel, _AnyTensor.__len__, _AnyTensor.shape.__get__,
                 _AnyTensor.ndim.__get__, _AnyTensor.dtype.__get__, _AnyTensor.device.__get__}  # fmt: skip


def _without_vocabulary(index: Any, ndim: int) -> Any:
    """`index` into the dimensions before the vocabulary; None where it reaches into that, or copies."""
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) == ndim and isinstance(parts[-1], slice) and parts[-1] == slice(None):
        parts = parts[:-1]
    if len(parts) == 1 and isinstance(parts[0], Tensor):
        return parts[0] if parts[0].ndim < ndim else None
    return parts if len(parts) < ndim and all(isinstance(part, int | slice) for part in parts) else None


def chunks(logits: Tensor, tokens: Tensor, chunk_bytes: int) -> Iterator[tuple[Tensor, Tensor]]:
    """`logits` `(N, V)` and `tokens` `(N,)` in pieces whose logits take at most `chunk_bytes` in float32."""
    step = max(1, chunk_bytes // (4 * logits.shape[-1]))
    return ((logits[start : start + step], tokens[start : start + step]) for start in range(0, len(tokens), step))


def token_logps(logits: Tensor, tokens: Tensor) -> Tensor:
    """Log-probability `(...)` float32 of each of `tokens` `(...)` under `logits` `(..., V)`."""
    logits = logits.float()
    return logits.gather(-1, tokens[..., None]).squeeze(-1) - logits.logsumexp(-1)


def logps_and_entropy(logits: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """`token_logps`, and the entropy in nats, `(...)` float32 each, of the same logits `(..., V)`."""
    logits = logits.float()
    normalizer = logits.logsumexp(-1)
    expected = torch.linalg.vecdot(logits, (logits - normalizer[..., None]).exp_())
    return logits.gather(-1, tokens[..., None]).squeeze(-1) - normalizer, normalizer - expected
