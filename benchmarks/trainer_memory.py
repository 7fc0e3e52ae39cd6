"""What an optimizer step on Qwen2.5-3B's shape takes of one GPU, by micro-batch, with and without gradient checkpointing, and
with the optimizer's state in main memory.

    python -m benchmarks.trainer_memory --json benchmarks/records/gpu-memory.json

The trainer's own step, on random tokens of the lengths of `train_gpu`. Each case has a process of its own: an engine does not
give its memory back before it ends. The constants of labkit/gpus.py are read off the record.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks import record
from benchmarks.train_gpu import PACKAGES, PEAK_FLOPS, PROMPT_TOKENS, flops_per_step, make_model, random_rollouts
from labkit import functions
from labkit.cli import REFERENCE
from labkit.config import HOST, RunConfig
from labkit.errors import SetupError
from labkit.supervise import free_port
from labkit.trainer import Trainer, make_engine, policy_to_train

PLAIN, CHECKPOINTED, OFFLOADED = "plain", "checkpointed", "offloaded"
CASES = [(PLAIN, 8), (PLAIN, 16), (PLAIN, 32), (CHECKPOINTED, 8), (CHECKPOINTED, 16), (CHECKPOINTED, 32), (CHECKPOINTED, 64),
         (OFFLOADED, 8)]  # fmt: skip
STEPS, LEFT_OUT = 6, 2  # the first ones


def measure(model: str, how: str, micro_batch: int) -> dict[str, Any] | None:
    """Seconds of a step, and GiB of tensors: between steps, at most in forward and backward, at most in the update. None where
    the GPU is too small. To be run in a process of its own."""
    config = RunConfig.create("qwen2.5-3b", model=model, micro_batch_size=micro_batch, max_prompt_tokens=160,
                              gradient_checkpointing=how == CHECKPOINTED, offload=how == OFFLOADED)  # fmt: skip
    address = {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "MASTER_ADDR": HOST, "MASTER_PORT": str(free_port())}
    os.environ.update(address)
    learning = policy_to_train(config)
    trainer = Trainer(config, functions.load_path(REFERENCE, "grpo"), learning, make_engine(config, learning))
    prompts = torch.randint(3, 400, (config.rollouts_per_step // config.group_size, PROMPT_TOKENS)).tolist()
    rows, update = random_rollouts(config, prompts), trainer.engine.step
    peaks: dict[str, list[float]] = {"work": [], "update": []}

    def peak(name: str) -> None:
        peaks[name].append(torch.cuda.max_memory_allocated() / 2**30)
        torch.cuda.reset_peak_memory_stats()

    def step() -> None:
        peak("work")
        update()
        peak("update")

    trainer.engine.step = step
    seconds = []
    for _ in range(STEPS):
        torch.cuda.synchronize()
        since = time.perf_counter()
        try:
            trainer.step(rows, config.learning_rate)
        except SetupError as error:
            print(f"{how}, {micro_batch}: {error}", flush=True)
            return None
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - since)
    late, seconds = LEFT_OUT * config.gradient_accumulation, seconds[LEFT_OUT:]
    return {
        "seconds": seconds, "mfu": flops_per_step(config) / median(seconds) / PEAK_FLOPS,
        "between_gib": torch.cuda.memory_allocated() / 2**30,
        **{f"{name}_gib": max(values[late:]) for name, values in peaks.items()},
        "reserved_gib": torch.cuda.max_memory_reserved() / 2**30,
    }  # fmt: skip


def per_token(found: Mapping[int, Mapping[str, Any]], config: RunConfig) -> float:
    """GiB that one more token of a micro-batch takes in forward and backward, where that is most; a group's prompt counts
    once."""
    tokens = config.max_completion_tokens + PROMPT_TOKENS / config.group_size
    pairs = pairwise(sorted(found))
    return float(max((found[b]["work_gib"] - found[a]["work_gib"]) / ((b - a) * tokens) for a, b in pairs))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trainer_memory", description="what a step takes of a GPU")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the record there")
    arguments = parser.parse_args(argv)
    cases: dict[str, dict[int, dict[str, Any]]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="labkit-benchmark-") as scratch,
        ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool,
    ):
        model = Path(scratch) / "model"
        pool.submit(make_model, model).result()
        for how, micro_batch in CASES:
            found = pool.submit(measure, str(model), how, micro_batch).result()
            if found is None:
                continue
            cases.setdefault(how, {})[micro_batch] = found
            seconds = found["seconds"]
            print(f"{how:<13}{micro_batch:>3} rollouts: a step {median(seconds):.2f} s ({min(seconds):.2f} to "
                  f"{max(seconds):.2f}), GiB: {found['between_gib']:.1f} between steps, {found['work_gib']:.1f} in "
                  f"forward and backward, {found['update_gib']:.1f} in the update", flush=True)  # fmt: skip
    config = RunConfig.create("qwen2.5-3b")
    tokens = {how: round(per_token(cases[how], config), 6) for how in (PLAIN, CHECKPOINTED) if len(cases.get(how, ())) > 1}
    print("GiB a token: " + ", ".join(f"{gib * 1000:.2f} thousandths {how}" for how, gib in tokens.items()))
    both = sorted(set(cases.get(PLAIN, ())) & set(cases.get(CHECKPOINTED, ())))
    ratios = {f"checkpointed_vs_plain_{size}": record.ratio(cases[PLAIN][size]["seconds"], cases[CHECKPOINTED][size]["seconds"])
              for size in both}  # fmt: skip
    if arguments.json:
        figures = {"cases": cases, "gib_per_token": tokens, "gpu": torch.cuda.get_device_name()}
        record.write(arguments.json, ratios, figures, [name for name in PACKAGES if name not in ("trl", "vllm")])


if __name__ == "__main__":
    main()
