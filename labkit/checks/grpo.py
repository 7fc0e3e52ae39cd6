"""The cases of `normalize_group_rewards`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from labkit.checks.case import Case
from labkit.checks.subject import Outcome, Subject

REWARDS = torch.tensor([2.25, 0.25, 0.0, -2.0])  # what reward_format + reward_correct can be


def cases(seed: int | None = None) -> list[Case]:
    """Groups of rewards drawn with `seed`; the visible ones, without it, come after one that can be worked out by hand."""
    random = torch.Generator().manual_seed(seed or 0)

    def drawn(*shape: int) -> Tensor:
        index = torch.randint(0, 4, shape, generator=random)
        index[..., 1] = (index[..., 0] + torch.randint(1, 4, shape[:-1], generator=random)) % 4  # no group without variance
        return REWARDS[index] * some(*shape[:-1], 1)

    def some(*shape: int) -> Tensor:
        """Factors that make hidden groups others than the visible ones, so that none can be looked up."""
        return torch.ones(shape) if seed is None else 0.5 + torch.rand(shape, generator=random)

    large = 16 if seed is None else int(torch.randint(17, 65, (), generator=random))
    equal = drawn(3, 4)
    equal[1] = 0.25
    two = torch.tensor([[1.0, 3.0]]) if seed is None else drawn(3, 2)
    return [
        _case("by hand: two rewards" if seed is None else "groups of two", "a group of two", two),
        _case("one group of eight", "one group", drawn(1, 8)),
        _case("three groups of four, each by itself", "several groups", drawn(3, 4) + torch.tensor([[0.0], [5.0], [-5.0]])),
        _case("as many groups as rewards in each", "several groups", drawn(4, 4)),
        _case("a group of equal rewards among others", "a group without variance", equal),
        _both("groups of equal rewards alone, then others", "a group without variance", torch.full((2, 3), -2.0), drawn(2, 3)),
        _case("rewards that hardly differ", "the 1e-4 beside the std", torch.tensor([[0.0, 1e-4, 2e-4, 1e-4]]) * some(1)),
        _case("two rewards that hardly differ", "the 1e-4 beside the std", torch.tensor([[0.0, 1e-4]]) * some(1)),
        _both("groups of one, then of two", "a group of one", drawn(3, 2)[:, :1], drawn(3, 2)),
        _case("one group, without a batch", "shapes (..., GROUP_SIZE)", drawn(5)),
        _case("shape (2, 3, 4)", "shapes (..., GROUP_SIZE)", drawn(2, 3, 4)),
        _case("rewards in float64", "rewards in float64", drawn(2, 4).double()),
        _case("1100 groups of two, the last of them", "many groups", drawn(1100, 2), shown=slice(-2, None)),
        _case(
            "a result, after the next calls", "the result of an earlier call", drawn(2, 4), then=[drawn(2, 4) for _ in range(3)]
        ),
        _case("a large group with one outlier", "a large group", torch.cat([drawn(large), torch.tensor([100.0])])),
        _case("rewards far from 0", "rewards of any size", 1000 + drawn(2, 4)),
    ]


def _case(name: str, idea: str, rewards: Tensor, **kwargs: Any) -> Case:
    return Case(name, idea, lambda subject: _values(subject, rewards, **kwargs))


def _both(name: str, idea: str, first: Tensor, second: Tensor) -> Case:
    """Two calls in one case, so that an answer of nothing but zeros does not hold."""
    return Case(name, idea, lambda subject: [_values(subject, first), _values(subject, second)])


def _values(subject: Subject, rewards: Tensor, then: Sequence[Tensor] = (), shown: slice = slice(None)) -> Outcome:
    """What `rewards` become, or how many groups and those among them that are `shown`; looked at after calls with `then`."""
    answer = subject.ask("normalized", rewards=rewards, then=list(then))
    values: Outcome = "changes its input" if answer["changed"] else answer["values"]
    if shown == slice(None) or not isinstance(values, list):
        return values
    return [float(len(values)), *values[shown]]
