"""The GPUs of this machine, and what a GPU preset makes of them: who works on which, and how much at once.

Device numbers are those of `nvidia-smi`, everywhere. A process sees only the GPUs that it works on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.config import PRESETS, one_rollout_per_prompt
from labkit.errors import ConfigError, SetupError

# GiB of a GPU that Qwen2.5-3B (3.09e9 parameters) takes, but for the key-value cache, which is chosen. Read on H200s, the
# trainer's with benchmarks/trainer_memory.py.
WEIGHTS = 5.8  # bfloat16; gradients take as much
OPTIMIZER = 34.5  # float32 masters and Adam's two moments; ZeRO shares it among the trainers
UPDATE = 17.0  # beside all that, while an update is computed
LOGITS = 1.0  # a piece of them at a time, while log-probs are made
PER_TOKEN = 0.00496  # of a micro-batch: activations and logits; a group's prompt counts once
PER_TOKEN_CHECKPOINTED = 0.00178
OTHERS = 51.0  # vLLM without its cache, and the reference model: taken wherever one of them stands beside a trainer
SPARE = 0.08  # of a GPU: CUDA's own, and what the allocator cannot use
LAYOUT = ("generation_device", "tensor_parallel_size", "reference_device", "trainer_devices", "num_trainers", "weight_transfer")


@dataclass(frozen=True)
class Gpu:
    name: str
    total_gib: float
    free_gib: float
    index: int = 0


def find() -> tuple[tuple[Gpu, ...], str | None]:
    """The GPUs that `nvidia-smi` lists, of those that CUDA_VISIBLE_DEVICES allows, and what went wrong if it did not answer.
    Without it: none, and no problem."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return (), None
    query = [program, "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return (), f"nvidia-smi does not answer: {error}"
    if answer.returncode != 0:
        return (), f"nvidia-smi ended with status {answer.returncode}: {(answer.stderr or answer.stdout).strip()}"
    found = []
    for index, line in enumerate(answer.stdout.splitlines()):
        parts = [part.strip() for part in line.rsplit(",", 2)]
        if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
            return (), f"nvidia-smi answered {line!r}; expected: name, MiB, MiB"
        found.append(Gpu(parts[0], int(parts[1]) / 1024, int(parts[2]) / 1024, index))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    allowed = [] if visible is None else [part.strip() for part in visible.split(",")]
    if allowed in ([""], ["-1"]):
        return (), None
    if allowed and all(part.isdecimal() for part in allowed):  # names such as GPU-… are left to CUDA
        found = [gpu for gpu in found if str(gpu.index) in allowed]
    return tuple(found), None


def see_only(*devices: int) -> None:
    """Let this process see these GPUs alone, as 0, 1, ...; to be called before CUDA starts. Raises SetupError where one is
    missing."""
    import torch

    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # for starts by hand; else it is in the environment
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, devices))
    if torch.cuda.device_count() < len(devices):
        raise SetupError(
            f"GPU {', '.join(map(str, devices))} is wanted, and torch {torch.__version__} sees {torch.cuda.device_count()} of "
            "them; `labkit doctor` says what is here"
        )


def fit(preset: str, overrides: Mapping[str, Any], gpus: Sequence[Gpu] | None = None) -> dict[str, Any]:
    """`overrides`, and beside them what suits this machine's GPUs (`gpus`; default: those found): who works on which, the
    micro-batch, offload, checkpointing. Nothing is added to a CPU preset, or where there is no GPU: a run may be prepared
    elsewhere than it runs.

    Raises ConfigError where the GPUs are too small, with what would be needed.
    """
    if PRESETS.get(preset, {}).get("device") != "cuda":
        return dict(overrides)
    gpus = find()[0] if gpus is None else gpus
    if not gpus:
        return dict(overrides)
    base = PRESETS[preset]
    if overrides.get("algorithm") == "ppo":
        base = {**base, **one_rollout_per_prompt(base)}
    chosen = {} if any(name in overrides for name in LAYOUT) else _layout(gpus, {**base, **overrides})
    values = {**base, **chosen, **overrides}
    return {**chosen, **_memory(values, {gpu.index: gpu for gpu in gpus}), **overrides}


def _layout(gpus: Sequence[Gpu], values: Mapping[str, Any]) -> dict[str, Any]:
    """One GPU does everything. Of several the first generates; the reference model stands beside it, or with four and more
    GPUs, when two trainers keep the first one busy, on its own; of the others as many train as can share a step evenly. On one
    GPU a batch is half as large."""
    first, *others = (gpu.index for gpu in gpus)
    reference = others.pop(0) if len(others) >= 3 else first
    even = max(n for n in range(1, len(gpus)) if values["rollouts_per_step"] % n == 0 and n <= len(others)) if others else 0
    trainers = tuple(others[:even]) or (first,)
    return {"generation_device": first, "reference_device": reference, "trainer_devices": trainers,
            "num_trainers": len(trainers), "weight_transfer": "nccl" if others else "ipc",
            **({} if others else {"kv_cache_gib": 8, "prompts_per_batch": values["prompts_per_batch"] // 2})}  # fmt: skip


def needs(tokens: float, ranks: int, *, offload: bool, checkpointing: bool) -> float:
    """GiB of its GPU that each of `ranks` trainers takes at most, with micro-batches of so many tokens."""
    stays = 2 * WEIGHTS + (0 if offload else OPTIMIZER / ranks)
    update = 0 if offload else UPDATE / ranks
    return stays + max(update, LOGITS + tokens * (PER_TOKEN_CHECKPOINTED if checkpointing else PER_TOKEN))


def _memory(values: Mapping[str, Any], gpus: Mapping[int, Gpu]) -> dict[str, Any]:
    """The largest micro-batch for which each trainer's GPU has room; offload and checkpointing only where it takes them."""
    ranks = values.get("num_trainers", 1)
    trainers = values["trainer_devices"] or (0,)  # none are named where a hostfile says who trains
    generation = range(values["generation_device"], values["generation_device"] + values.get("tensor_parallel_size", 1))
    missing = sorted({*trainers, *generation, values["reference_device"]} - set(gpus))
    if missing:
        raise ConfigError(f"GPU {', '.join(map(str, missing))} is not there; found: {', '.join(map(str, gpus))}")

    def room(device: int) -> float:
        alone = device not in generation and device != values["reference_device"]
        return gpus[device].total_gib * (1 - SPARE) - (0.0 if alone else OTHERS + float(values["kv_cache_gib"]))

    smallest: int = min(trainers, key=room)
    tokens = values["max_completion_tokens"] + values["max_prompt_tokens"] / values["group_size"]
    share = values["rollouts_per_step"] // ranks
    for offload, checkpointing in ((False, False), (False, True), (True, False), (True, True)):
        for micro in (size for size in (32, 16, 8, 4, 2, 1) if share % size == 0):
            needed = needs(micro * tokens, ranks, offload=offload, checkpointing=checkpointing)
            if needed <= room(smallest) and (micro >= min(4, share) or (offload and checkpointing)):
                return {"micro_batch_size": micro, "offload": offload, "gradient_checkpointing": checkpointing}
    found, needed = max(0.0, room(smallest)), needs(tokens, ranks, offload=True, checkpointing=True)
    raise ConfigError(
        f"GPU {smallest} ({gpus[smallest].name}) has {found:.0f} GiB for training, and {needed:.0f} GiB are needed even with "
        "offload, checkpointing and one rollout at a time; take a larger GPU, or more of them"
    )
