"""What a policy answers, sampled in this process: for a look at problems and completions without a run."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from labkit import problems, wire
from labkit.config import RunConfig, RunDir
from labkit.engines import TransformersEngine
from labkit.errors import ConfigError
from labkit.policy import Policy, load_model, load_tokenizer
from labkit.problems import Problem
from labkit.rollout import Rollout


@dataclass(frozen=True)
class Answers:
    """Problems, and for each the rollouts of one policy."""

    items: list[Problem]
    rollouts: list[list[Rollout]]  # rollouts[i][j]: the j-th of items[i]
    tokenizer: Any

    def pairs(self) -> list[tuple[Problem, str]]:
        """(problem, completion) of every rollout, what the rewards take."""
        return [(item, r.completion) for item, group in zip(self.items, self.rollouts, strict=True) for r in group]

    def batch(self, rewards: Sequence[float] | Tensor) -> dict[str, Any]:
        """All rollouts as one batch for `PPO_step`, with `rewards` (B,) in the order of `pairs`.

        `refs` are the log-probs of sampling: the policy that sampled is its own reference here.
        """
        flat = [r for group in self.rollouts for r in group]
        values = torch.as_tensor(rewards, dtype=torch.float32)
        shares = torch.zeros(len(flat))
        batch = wire.collate(
            [r.prompt_ids for r in flat], [r.completion_ids for r in flat], [r.logps for r in flat], rewards=values,
            raw_rewards=values, formats=shares, corrects=shares, group_size=len(self.rollouts[0]), weight_version=0,
            pad=self.tokenizer.pad_token_id,
        )  # fmt: skip
        return replace(batch, refs=batch.gen_logps.clone()).student_view()


def sample(count: int, n: int = 1, *, run: RunDir | str | Path | None = None, preset: str = "tiny", seed: int = 0) -> Answers:
    """`n` completions of each of `count` training problems, at temperature 1, by the untrained policy of `preset` or,
    where `run` is given, by the policy that this run trained. The same seed gives the same problems.

    Raises ConfigError where the run has left no policy.
    """
    config = _config(preset, run)
    tokenizer = load_tokenizer(config)
    engine = TransformersEngine(config, tokenizer.eos_token_id)
    items = list(itertools.islice(problems.sampler(config, "train", seed), count))
    prompts = [
        tokenizer.apply_chat_template(problems.messages(item["Q"]), add_generation_prompt=True, return_dict=False)
        for item in items
    ]
    rollouts = [
        [Rollout(item["Q"], prompt, g.token_ids, tokenizer.decode(g.token_ids, skip_special_tokens=True), g.logps, 0)
         for g in group]
        for item, prompt, group in zip(items, prompts, engine.generate(prompts, n, temperature=1.0, seed=seed), strict=True)
    ]  # fmt: skip
    return Answers(items, rollouts, tokenizer)


def _config(preset: str, run: RunDir | str | Path | None) -> RunConfig:
    return RunConfig.create(preset) if run is None else RunConfig.create(preset, model=str(trained_policy(run)))


def policy(*, run: RunDir | str | Path | None = None, preset: str = "tiny") -> Policy:
    """A policy that is chosen as in `sample`, to train in this process: `policy(inputs, attention_mask=...).logits`."""
    return Policy(load_model(_config(preset, run)))


def trained_policy(run: RunDir | str | Path) -> Path:
    """Where a finished run keeps its policy. Raises ConfigError where it is not there."""
    run = run if isinstance(run, RunDir) else RunDir(Path(run))
    path = run.checkpoints / "policy"
    if not (path / "config.json").exists():
        raise ConfigError(f"{run.path} holds no trained policy in {path.name}; a run writes it with its last optimizer step")
    return path


def score(answers: Answers, *, run: RunDir | str | Path | None = None, preset: str = "tiny") -> list[list[float]]:
    """Log-probs, in nats, of each rollout's completion tokens under a policy that is chosen as in `sample`."""
    engine = TransformersEngine(_config(preset, run), answers.tokenizer.eos_token_id)
    flat = [r for group in answers.rollouts for r in group]
    rows = engine.score([r.token_ids for r in flat])
    return [
        [entry[token] for entry, token in zip(row[len(r.prompt_ids) :], r.completion_ids, strict=True) if entry]
        for r, row in zip(flat, rows, strict=True)
    ]
