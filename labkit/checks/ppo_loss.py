"""The cases of `PPO_step`: a small differentiable engine, and batches that bring out one thing each.

An outcome is the loss and its gradient, seen in three random directions: a loss that is right and does not train shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from labkit.checks.case import Case
from labkit.checks.subject import Outcome, Subject, numbers
from labkit.policy import token_logps

VOCABULARY = 6
PAD = END = 0  # one token, as in many models
LONGEST = 16


class ToyEngine(nn.Module):
    """Stands in for the policy: its logits depend on the token, and on its position among the tokens that are no padding."""

    def __init__(self, random: torch.Generator, vocabulary: int = VOCABULARY, spread: float = 1.0) -> None:
        super().__init__()
        self.table = nn.Parameter(spread * torch.randn(vocabulary, vocabulary, generator=random))
        self.places = nn.Parameter(0.5 * torch.randn(LONGEST, vocabulary, generator=random))

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Any:
        """`.logits` (B, L, V) float32 for `input_ids` (B, L) int64, `attention_mask` (B, L)."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        place = (mask.long().cumsum(1) - 1).clamp(min=0)
        return _Output(self.table[input_ids] + self.places[place])


@dataclass
class _Output:
    logits: Tensor


class FixedEngine(nn.Module):
    """Gives the probabilities it was made with, whatever it is asked: for the case that is worked out by hand."""

    def __init__(self, probabilities: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(probabilities.log())

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Any:
        return _Output(self.logits.clone())


def rebuilt(kind: str, state: Mapping[str, Tensor]) -> nn.Module:
    """An engine out of its kind's name and its parameters. Raises KeyError for an unknown kind."""
    kinds: Mapping[str, Callable[[], nn.Module]] = {
        "ToyEngine": lambda: ToyEngine(torch.Generator(), len(state["table"])),
        "FixedEngine": lambda: FixedEngine(torch.ones_like(state["logits"])),
    }
    engine = kinds[kind]()
    engine.load_state_dict(dict(state))
    return engine


def by_hand() -> tuple[dict[str, Any], FixedEngine]:
    """The worked example of notebook 03: one prompt token, two completion tokens, B = 1, C = 2, V = 4.

    π(first) = 1/2 and π(second) = 1/4; the generating policy gave both 1/2, so did the reference; the reward is 1.
    """
    probabilities = torch.tensor([[[0.125, 0.5, 0.25, 0.125], [0.25, 0.125, 0.25, 0.375], [0.25, 0.25, 0.25, 0.25]]])
    half = torch.full((1, 2), 0.5).log()
    batch = {"inputs": torch.tensor([[3, 1, 2]]), "plen": 1, "rewards": torch.ones(1), "refs": half, "gen_logps": half.clone(),
             "completion_mask": torch.ones(1, 2), "attention_mask": torch.ones(1, 3, dtype=torch.int64)}  # fmt: skip
    return batch, FixedEngine(probabilities)


def cases(seed: int | None = None) -> list[Case]:
    """Batches drawn with `seed`; the visible ones, without it, come after the one that is worked out by hand."""
    random = torch.Generator().manual_seed(seed or 0)

    def case(name: str, idea: str, *, beta: float = 0.0, clip: float = 0.2, vocabulary: int = VOCABULARY,
             spread: float = 1.0, updated: bool = False, **kwargs: Any) -> Case:  # fmt: skip
        engine = ToyEngine(random, vocabulary, spread)
        if seed is not None:  # no number of the visible cases can be taken for granted
            beta, clip = (value * float(0.7 + 0.6 * torch.rand((), generator=random)) for value in (beta, clip))
            kwargs = {name: int(torch.randint(2, 7, (), generator=random)) for name in ("rollouts", "width", "plen")
                      if "lengths" not in kwargs and "prompts" not in kwargs} | kwargs  # fmt: skip
        then = ToyEngine(random, vocabulary, spread).state_dict() if updated else None
        return Case(name, idea, _run(_batch(random, engine, **kwargs), engine, beta, clip, random, then))

    batch, engine = by_hand()
    worked_out = Case("by hand: B = 1, C = 2, β = 0.1, ε = 0.2", "one rollout of two tokens",
                      _run(batch, engine, 0.1, 0.2, random))  # fmt: skip
    return [
        *([worked_out] if seed is None else []),
        case("first pass: the policy is the one that sampled", "a ratio of one", drift=0.0),
        case("second pass, rewards above 0", "clipping, rewards above 0", rewards="positive"),
        case("second pass, rewards below 0", "clipping, rewards below 0", rewards="negative"),
        case("rewards of 0: the KL penalty alone", "the KL penalty", beta=2.0, rewards="zero"),
        case("another ε", "the clip range", clip=0.05, rewards="mixed"),
        case("a large ε", "the clip range", clip=0.75, drift=1.2, rewards="mixed"),
        case("completions of different lengths, pad = end token", "masks and means", beta=0.1, lengths=(1, 5, 3), certain=True),
        case("prompts of different lengths", "padding on the left", beta=0.1, prompts=(2, 4, 3)),
        case("as many rollouts as completion tokens", "B = C", rollouts=4, lengths=(4, 1, 3, 2)),
        case("an empty completion among others", "an empty completion", beta=0.1, lengths=(0, 4, 2)),
        case("one rollout", "B = 1, C = 1", beta=0.1, rollouts=1),
        case("one completion token each", "B = 1, C = 1", beta=0.1, width=1),
        case("many nats from both policies", "ratios and log-ratios of any size", beta=0.1, drift=12.0, far=8.0, scale=20.0,
             unclipped=True),
        case("far from both policies", "ratios and log-ratios of any size", beta=0.1, drift=2.0, far=2.0),
        case("everything at once", "everything at once", beta=0.04, rollouts=5, width=6, lengths=(6, 1, 4, 2, 5),
             prompts=(1, 4, 2, 3, 4)),
        case("80 rollouts, a vocabulary of 64, a pad token of its own", "a batch as large as a run's", beta=0.1, drift=0.04,
             rollouts=80, vocabulary=64, pad=5, lengths=tuple(1 + i % 7 for i in range(80)), beyond=2,
             prompts=tuple(2 + i % 3 for i in range(80))),
        case("the same batch after an update of the policy", "the policy as it is now", beta=0.1, updated=True),
        case("logits hundreds apart", "logits that are large or far apart", beta=0.1, spread=80.0),
        case("the KL penalty alone, near the reference", "the KL penalty", beta=2.0, rewards="zero", far=0.05),
        case("the KL penalty alone, far below the reference", "ratios and log-ratios of any size", beta=2.0, rewards="zero",
             beside=25.0),
        case("the KL penalty alone, far above the reference", "ratios and log-ratios of any size", beta=2.0, rewards="zero",
             beside=-25.0),
    ]  # fmt: skip


def _batch(
    random: torch.Generator, engine: ToyEngine, *, rollouts: int = 3, width: int = 5, plen: int = 3, drift: float = 0.4,
    far: float = 0.5, certain: bool = False, rewards: str = "mixed", scale: float = 1.0, lengths: tuple[int, ...] | None = None,
    prompts: tuple[int, ...] | None = None, beyond: int = 0, pad: int = PAD,
    unclipped: bool = False, beside: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    """A batch as `PPO_step` receives it. `drift` and `far` are how far `gen_logps` and `refs` lie from the engine's own
    log-probs, in nats, and `beside` is how much higher all `refs` are; with `certain`, one token of each was certain to that
    policy. Prompts of different lengths hold the pad token, too, as chat templates do. `beyond` are positions that no
    completion reaches. With another `pad` than the end token completions were cut off before they ended, and hold any token."""
    plen, width = max(prompts or (plen,)), max(lengths or (width,)) + beyond
    tokens = torch.randint(1 if pad == END else 0, len(engine.table), (rollouts, plen + width), generator=random)
    long = torch.tensor(lengths or (width,) * rollouts)[:, None]
    start = plen - torch.tensor(prompts or (plen,) * rollouts)[:, None]
    place = torch.arange(plen + width)[None]
    attention = ((place >= start) & (place < plen + long)).long()
    completion = attention[:, plen:].float()
    ends = (place == plen + long - 1) & (pad == END)
    inside = (place == start + 1) & (place < plen - 1) if prompts else torch.zeros_like(ends)
    inputs = torch.where(attention == 0, pad, torch.where((ends & (long > 0)) | inside, END, tokens))
    with torch.no_grad():
        own = token_logps(engine(inputs, attention_mask=attention).logits[:, :-1], inputs[:, 1:])[:, plen - 1 :]
    # Alternating signs and a spread: some ratios lie above the clip range, some below, some inside. Unless `unclipped`: huge
    # ratios would vanish in the rounding of some right ways to clip.
    sign = torch.where((torch.arange(rollouts)[:, None] + (1 if unclipped else torch.arange(width))) % 2 == 0, 1.0, -1.0)
    gen = own - drift * sign * (0.25 + torch.rand(own.shape, generator=random))
    sizes = 0.5 + torch.rand(rollouts, generator=random)
    signs = {"positive": torch.ones(rollouts), "negative": -torch.ones(rollouts), "zero": torch.zeros(rollouts),
             "mixed": torch.tensor([1.0 if i % 2 == 0 else -1.0 for i in range(rollouts)])}  # fmt: skip
    refs = own + far * torch.randn(own.shape, generator=random) + beside
    if certain:
        gen[-1, 0] = refs[-1, 1] = 0.0
    return {"inputs": inputs, "plen": plen, "rewards": scale * signs[rewards] * sizes, "refs": refs * completion,
            "gen_logps": gen * completion, "completion_mask": completion, "attention_mask": attention}  # fmt: skip


def _run(batch: dict[str, Any], engine: nn.Module, beta: float, clip_param: float, random: torch.Generator,
         then: Mapping[str, Tensor] | None = None) -> Callable[[Subject], Outcome]:  # fmt: skip
    directions = [[torch.randn(p.shape, generator=random) for p in engine.parameters()] for _ in range(3)]

    def run(subject: Subject) -> Outcome:
        found = subject.ask("loss", batch=batch, engine=engine, beta=beta, clip_param=clip_param, then=then)
        if "wrong" in found:
            wrong: Outcome = found["wrong"]
            return wrong
        if found["gradients"] is None:
            return [found["loss"], "no gradient"]
        seen = [sum((g * d).sum() for g, d in zip(found["gradients"], direction, strict=True)) for direction in directions]
        return [found["loss"], numbers(torch.stack([torch.as_tensor(s) for s in seen]))]

    return run
