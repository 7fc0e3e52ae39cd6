"""TRL's `GRPOTrainer` on the configuration, problems and rewards of a labkit run: the peer of `train_cpu` and `train_gpu`.

    python -m benchmarks.trl_grpo --run DIR [--server URL]

DIR holds `config.json` and `functions.pkl`, as for labkit's own processes. Appends one line an optimizer step to
`metrics.jsonl`: `step, time, rollouts, completion_tokens, format, correct` (of the generation batch that the step belongs to).

A batch is generated for several optimizer steps, as ours. On GPUs a vLLM server at URL generates, on a GPU of its own. On CPUs
generation goes through transformers, on all cores: with a model of this size it makes more tokens a second than vLLM does.
README.md has what else was tried to make TRL faster: smaller micro-batches, eager attention, the plain AdamW, a
static cache, padding, continuous batching. None of it helped by more than the noise.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from transformers import TrainerCallback

from labkit import functions, problems
from labkit.config import RunConfig, RunDir
from labkit.metrics import JsonlWriter
from labkit.policy import load_tokenizer

if TYPE_CHECKING:
    from trl import GRPOConfig


def settings(config: RunConfig, run: RunDir, server: str | None) -> GRPOConfig:
    """TRL's arguments that mean what `config` means, and nothing that costs time beside the training."""
    from trl import GRPOConfig

    if config.device == "cuda":
        engine = {"bf16": True, "use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": server}
        micro_batch = config.micro_batch_size
    else:
        engine = {"use_cpu": True, "bf16": False, "tf32": None}
        micro_batch = config.rollouts_per_step
    return GRPOConfig(
        per_device_train_batch_size=micro_batch, gradient_accumulation_steps=config.rollouts_per_step // micro_batch,
        steps_per_generation=config.rollouts_per_batch // micro_batch,  # in micro-batches
        output_dir=str(run.path / "trl"), seed=config.seed, max_steps=config.optimizer_steps,
        model_init_kwargs={"dtype": config.dtype}, gradient_checkpointing=False,
        num_generations=config.group_size, num_iterations=1, shuffle_dataset=False,
        max_completion_length=config.max_completion_tokens, temperature=config.temperature, top_k=0, top_p=1.0,
        learning_rate=config.learning_rate, lr_scheduler_type="constant_with_warmup", warmup_steps=config.warmup_steps,
        weight_decay=0.0, max_grad_norm=config.max_grad_norm,
        beta=config.beta, epsilon=config.clip_param, scale_rewards="group", loss_type="grpo",
        report_to="none", logging_strategy="no", save_strategy="no", eval_strategy="no", disable_tqdm=True,
        dataloader_num_workers=0, dataloader_pin_memory=False, **engine,
    )  # fmt: skip


def dataset(config: RunConfig) -> Dataset:
    """The problems that a labkit run with this seed draws, in the same order: as many as `optimizer_steps` take."""
    batches = -(-config.optimizer_steps * config.rollouts_per_step // config.rollouts_per_batch)
    items = islice(problems.sampler(config, "train", config.seed), batches * config.prompts_per_batch)
    return Dataset.from_list([{"prompt": problems.messages(item["Q"]), "item": dict(item)} for item in items])


class Recorder(TrainerCallback):  # type: ignore[misc]
    """What the rewards say of each batch, and when each optimizer step ended."""

    def __init__(self, run: RunDir, config: RunConfig, given: functions.Functions) -> None:
        self._given, self._config = given, config
        self._metrics = JsonlWriter(run.metrics)
        self._shares: dict[str, float] = {}
        self._tokens = 0.0

    def reward_format(self, completions: list[Any], completion_ids: list[list[int]], **columns: Any) -> list[float]:
        self._tokens = sum(map(len, completion_ids)) / len(completion_ids)
        rewards = [self._given.call("reward_format", text) for text in _texts(completions)]
        return self._keep("format", rewards)

    def reward_correct(self, completions: list[Any], item: list[problems.Problem], **columns: Any) -> list[float]:
        texts = _texts(completions)
        rewards = [self._given.call("reward_correct", i, text) for i, text in zip(item, texts, strict=True)]
        return self._keep("correct", rewards)

    def _keep(self, name: str, rewards: list[float]) -> list[float]:
        self._shares[name] = sum(reward > 0 for reward in rewards) / len(rewards)
        return rewards

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        rollouts = state.global_step * self._config.rollouts_per_step
        tokens = round(self._tokens * self._config.rollouts_per_step)
        self._metrics.write({"step": state.global_step, "time": round(time.time(), 3), "rollouts": rollouts,
                             "completion_tokens": tokens, **self._shares})  # fmt: skip


def _texts(completions: list[Any]) -> list[str]:
    return [message["content"] for [message] in completions]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trl_grpo")
    parser.add_argument("--run", required=True, type=Path)
    parser.add_argument("--server", metavar="URL", help="of vLLM, where the run's device is a GPU")
    arguments = parser.parse_args()
    run = RunDir(arguments.run)
    config = run.load_config()
    if arguments.server is None:
        sys.modules["vllm"] = None  # type: ignore[assignment]  # TRL would import it, unused: 4 s of its start
    from trl import GRPOTrainer

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    recorder = Recorder(run, config, functions.load(run.functions))
    trainer = GRPOTrainer(
        model=config.model, args=settings(config, run, arguments.server), train_dataset=dataset(config),
        reward_funcs=[recorder.reward_format, recorder.reward_correct],
        processing_class=load_tokenizer(config), callbacks=[recorder],
    )  # fmt: skip
    trainer.train()


if __name__ == "__main__":
    main()
