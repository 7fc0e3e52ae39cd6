"""The reference PPO_step: by hand, in float64 token by token, and against TRL's loss for the same inputs."""

import math
from types import SimpleNamespace

import pytest
import torch
from conftest import make_batch

from labkit.functions import Functions
from labkit.policy import Policy

BETA, CLIP = 0.04, 0.2


class FakeEngine:
    """Stands for the DeepSpeed engine: gives fixed logits."""

    def __init__(self, logits: torch.Tensor) -> None:
        self._logits = logits

    def __call__(self, inputs: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self._logits)


def test_one_token_by_hand(reference: Functions):
    # Vocabulary of two, logits [0, ln 3]: token 1 has probability 3/4. It was sampled at 1/2, so ratio = 3/2, clipped to 1.2.
    # Advantage 2: min(3, 2.4) = 2.4. Reference 3/8: r = ln(1/2), kl = 1/2 + ln 2 - 1 = 0.1931472. loss = -(2.4 - 0.04 kl).
    batch = {
        "inputs": torch.tensor([[0, 1]]),
        "plen": 1,
        "rewards": torch.tensor([2.0]),
        "refs": torch.tensor([[math.log(3 / 8)]]),
        "gen_logps": torch.tensor([[math.log(1 / 2)]]),
        "completion_mask": torch.ones(1, 1),
        "attention_mask": torch.ones(1, 2, dtype=torch.long),
    }
    engine = FakeEngine(torch.tensor([[[0.0, math.log(3)], [9.0, -9.0]]]))
    loss = reference.call("PPO_step", batch, engine, beta=BETA, clip_param=CLIP)
    assert loss.item() == pytest.approx(-(2.4 - 0.04 * 0.1931472), abs=1e-6)


def inputs_of_a_loss(policy: Policy, seed: int) -> tuple[dict, torch.Tensor]:
    """A batch whose gen_logps lie near the policy's own log-probs, so that some ratios are clipped and some are not."""
    batch = make_batch(4, 4, seed=seed)
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        policy.plen = 0
        own = policy.completion_logps(batch.inputs, batch.attention_mask, batch.plen, chunk_bytes=2**28)
        logits = policy(batch.inputs, batch.attention_mask).logits
    view = batch.student_view()
    view["gen_logps"] = own + 0.3 * torch.randn(own.shape, generator=random)
    view["refs"] = own + 0.3 * torch.randn(own.shape, generator=random)
    return view, logits


@pytest.mark.parametrize("seed", range(3))
def test_against_float64_token_by_token(reference: Functions, policy: Policy, seed: int):
    view, logits = inputs_of_a_loss(policy, seed)
    loss = reference.call("PPO_step", view, FakeEngine(logits), beta=BETA, clip_param=CLIP).item()
    expected = 0.0
    for b in range(len(view["inputs"])):
        length = int(view["completion_mask"][b].sum())
        for c in range(length):
            position = view["plen"] + c
            row = logits[b, position - 1].double()
            current = float(row[view["inputs"][b, position]] - row.logsumexp(0))
            ratio = math.exp(current - float(view["gen_logps"][b, c]))
            advantage = float(view["rewards"][b])
            objective = min(ratio * advantage, min(max(ratio, 1 - CLIP), 1 + CLIP) * advantage)
            log_ratio = float(view["refs"][b, c]) - current
            expected -= (objective - BETA * (math.exp(log_ratio) - log_ratio - 1)) / length / len(view["inputs"])
    assert loss == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("seed", range(3))
def test_against_trl(reference: Functions, policy: Policy, seed: int):
    """TRL 1.16's own GRPO loss (loss_type='grpo': mean over tokens, then over sequences) on the same numbers."""
    trl_loss = pytest.importorskip("trl").GRPOTrainer._compute_loss
    view, logits = inputs_of_a_loss(policy, seed)
    logps = logits[:, view["plen"] - 1 : -1].log_softmax(-1).gather(-1, view["inputs"][:, view["plen"] :, None]).squeeze(-1)
    trainer = _trl_trainer(logps)
    count, plen = len(view["inputs"]), view["plen"]
    expected = trl_loss(
        trainer,
        policy,
        {
            "prompt_ids": view["inputs"][:, :plen],
            "prompt_mask": view["attention_mask"][:, :plen],
            "completion_ids": view["inputs"][:, plen:],
            "completion_mask": view["completion_mask"],
            "advantages": view["rewards"],
            "old_per_token_logps": view["gen_logps"],
            "ref_per_token_logps": view["refs"],
            "num_items_in_batch": torch.tensor(count),
        },
    )
    loss = reference.call("PPO_step", view, FakeEngine(logits), beta=BETA, clip_param=CLIP)
    assert loss.item() == pytest.approx(expected.item(), abs=2e-6)


def _trl_trainer(logps: torch.Tensor) -> SimpleNamespace:
    """The attributes that TRL's method reads, without a trainer around it; log-probs come from here."""
    from collections import defaultdict

    return SimpleNamespace(
        beta=BETA,
        epsilon_low=CLIP,
        epsilon_high=CLIP,
        loss_type="grpo",
        importance_sampling_level="token",
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        use_vllm=False,
        vllm_importance_sampling_correction=False,
        current_gradient_accumulation_steps=1,
        model=SimpleNamespace(training=True),
        mask_truncated_completions=False,
        aux_loss_enabled=False,
        _entropy_bonus_enabled=False,
        accelerator=SimpleNamespace(gather=lambda x: x, reduce=lambda x, reduction: x, num_processes=1),
        _metrics={"train": defaultdict(list), "eval": defaultdict(list)},
        _get_per_token_logps_and_entropies=lambda *args, **kwargs: (logps, torch.zeros_like(logps), None),
        args=SimpleNamespace(delta=None, use_bias_correction_kl=False),
    )


def test_an_empty_completion_adds_nothing_and_divides_by_nothing(reference: Functions, policy: Policy):
    view, logits = inputs_of_a_loss(policy, 0)
    view["completion_mask"] = view["completion_mask"].clone()
    view["completion_mask"][0] = 0
    assert math.isfinite(reference.call("PPO_step", view, FakeEngine(logits), beta=BETA, clip_param=CLIP).item())
