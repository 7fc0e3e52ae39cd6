"""A run's configuration and its directory: the one place where ports, paths, devices and model names stand.

A run is a directory, and each of its three processes is started with nothing but its path. `RunConfig` is what
`config.json` holds, complete and resolved; `RunDir` names the files.
"""

from __future__ import annotations

import dataclasses
import json
import os
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from labkit.errors import ConfigError

PACKAGE = Path(__file__).resolve().parent
TINY_MODEL = PACKAGE / "models" / "tiny"
HUB_MODEL = "Qwen/Qwen2.5-3B"
HUB_GSM8K = "openai/gsm8k"
HOST = "127.0.0.1"  # the reference server listens here; other users of the machine are kept out by its token

Algorithm = Literal["grpo", "ppo"]
Engine = Literal["vllm", "transformers"]


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything that a run depends on, beside the student's functions.

    Sizes are counts of sequences or tokens, times are seconds. A batch is what one upload carries:
    `prompts_per_batch * group_size` rollouts. An optimizer step takes `rollouts_per_step` of them.
    """

    preset: str
    algorithm: Algorithm = "grpo"
    seed: int = 0

    # model and problems
    model: str
    dtype: Literal["float32", "bfloat16"]
    device: Literal["cpu", "cuda"]
    problems: Literal["arithmetic", "gsm8k"]
    problems_path: str | None = None
    difficulty: Literal["mixed", "easy", "hard"] = "mixed"
    heldout_problems: int = 512

    # rollouts
    engine: Engine = "vllm"
    prompts_per_batch: int
    group_size: int
    max_prompt_tokens: int
    max_completion_tokens: int
    temperature: float = 1.0
    samples_per_batch: int = 4

    # optimisation
    optimizer_steps: int
    rollouts_per_step: int
    micro_batch_size: int
    learning_rate: float
    warmup_steps: int = 0
    max_grad_norm: float = 1.0
    beta: float = 0.04
    clip_param: float = 0.2
    max_staleness: int = 8
    publish_every: int = 1  # optimizer steps between two versions on the disk
    checkpoint_every: int = 0
    zero_stage: Literal[1, 2, 3] = 2  # without ZeRO DeepSpeed tells no gradient norm in float32
    offload: bool = False
    gradient_checkpointing: bool = False
    liger: bool = False  # Liger's fused kernels for rotary embedding and SwiGLU, on GPUs

    # reference server
    queue_size: int = 1  # batches that it holds and of which the trainer has nothing yet
    max_upload_bytes: int = 64 * 2**20
    logits_chunk_bytes: int = 256 * 2**20

    # processes
    weight_transfer: Literal["disk", "nccl", "ipc"] = "disk"  # between two GPUs NCCL, within one GPU IPC
    prefetch: bool = False  # take the next step's rollouts from the server while one trains
    num_trainers: int = 1
    hostfile: str | None = None  # DeepSpeed's, for trainers on several machines
    generation_device: int = 0  # with tensor parallelism the first of several
    tensor_parallel_size: int = 1
    trainer_devices: tuple[int, ...] = ()
    reference_device: int = 0
    kv_cache_gib: int = 1
    cuda_graphs: bool = True
    trainer_threads: int = 1
    rollout_threads: int = 1
    reference_threads: int = 1
    start_timeout: float = 300.0
    stall_timeout: float = 120.0

    def __post_init__(self) -> None:
        def need(holds: bool, message: str) -> None:
            if not holds:
                raise ConfigError(message)

        for name, kind in typing.get_type_hints(type(self)).items():
            need(_is_of(getattr(self, name), kind), f"{name} is {getattr(self, name)!r}; {_asked(kind)}")
        for name in ("prompts_per_batch", "group_size", "max_prompt_tokens", "max_completion_tokens", "optimizer_steps",
                     "rollouts_per_step", "micro_batch_size", "publish_every", "queue_size", "num_trainers",
                     "tensor_parallel_size", "heldout_problems"):  # fmt: skip
            need(getattr(self, name) >= 1, f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("max_staleness", "checkpoint_every", "warmup_steps", "samples_per_batch"):
            need(getattr(self, name) >= 0, f"{name} is {getattr(self, name)}; it must be at least 0")
        for name in ("learning_rate", "temperature", "clip_param"):
            need(getattr(self, name) > 0, f"{name} is {getattr(self, name)}; it must be above 0")
        need(
            self.algorithm != "ppo" or self.group_size == 1,
            f"PPO takes one rollout per prompt, group_size is {self.group_size}; set group_size=1",
        )
        need(
            self.algorithm != "grpo" or self.group_size > 1,
            "GRPO compares the rollouts of a group, group_size is 1; set group_size to 2 or more, or algorithm to 'ppo'",
        )
        need(
            self.rollouts_per_batch % self.rollouts_per_step == 0,
            f"a batch of {self.prompts_per_batch} prompts x {self.group_size} = {self.rollouts_per_batch} rollouts does not "
            f"divide into optimizer steps of {self.rollouts_per_step}; choose a divisor as rollouts_per_step",
        )
        need(
            self.rollouts_per_step % self.group_size == 0,
            f"rollouts_per_step {self.rollouts_per_step} would split a group of {self.group_size}; choose a multiple of it",
        )
        need(
            len(self.trainer_devices) in (0, self.num_trainers),
            f"trainer_devices {list(self.trainer_devices)} for num_trainers={self.num_trainers} processes; give one each",
        )
        transfer = self.weight_transfer
        trained = self.trainer_devices or tuple(range(self.num_trainers))
        one_gpu = self.generation_devices == trained[:1]
        need(
            transfer != "disk" or self.publish_every <= self.max_staleness + 1,
            f"with publish_every={self.publish_every} rollouts get {self.publish_every - 1} optimizer steps old, and those "
            f"above max_staleness={self.max_staleness} are dropped: no step could follow. Lower the one, or raise the other",
        )
        need(
            transfer == "disk" or (self.device, self.engine) == ("cuda", "vllm"),
            f"weight_transfer={transfer!r} needs a GPU and vLLM; with {self.device!r} and {self.engine!r} take 'disk'",
        )
        need(
            transfer != "nccl" or trained[0] not in self.generation_devices,
            f"weight_transfer='nccl' goes between GPUs, and GPU {trained[0]} both trains and generates: take 'ipc'",
        )
        need(
            transfer != "ipc" or one_gpu,
            f"weight_transfer='ipc' goes within one GPU; {self.generation_devices} generate, {trained} train: take 'nccl'",
        )
        share = self.micro_batch_size * self.num_trainers
        need(
            self.rollouts_per_step % share == 0,
            f"rollouts_per_step {self.rollouts_per_step} is no multiple of micro_batch_size {self.micro_batch_size} x "
            f"num_trainers {self.num_trainers} = {share}; choose another micro_batch_size",
        )

    @property
    def rollouts_per_batch(self) -> int:
        return self.prompts_per_batch * self.group_size

    @property
    def generation_devices(self) -> tuple[int, ...]:
        return tuple(range(self.generation_device, self.generation_device + self.tensor_parallel_size))

    @property
    def generates_beside_reference(self) -> bool:
        """Whether vLLM and the reference model share a GPU."""
        return self.device == "cuda" and self.reference_device in self.generation_devices

    @property
    def gradient_accumulation(self) -> int:
        """Micro-batches that one trainer process takes per optimizer step."""
        return self.rollouts_per_step // (self.micro_batch_size * self.num_trainers)

    @classmethod
    def create(cls, preset: str = "tiny", **overrides: Any) -> RunConfig:
        """The preset `preset` with `overrides` on top.

        Raises ConfigError for an unknown preset, an unknown field, or values that do not fit together.
        """
        if preset not in PRESETS:
            raise ConfigError(f"there is no preset {preset!r}; choose one of {', '.join(PRESETS)}")
        if overrides.get("algorithm") == "ppo":
            values = {**PRESETS[preset], **one_rollout_per_prompt(PRESETS[preset]), **overrides}
        else:
            values = {**PRESETS[preset], **overrides}
        return cls.from_dict({"preset": preset, **values})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        """Raises ConfigError where a field is unknown or missing."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - set(fields))
        if unknown:
            raise ConfigError(f"unknown configuration fields {unknown}; known are {sorted(fields)}")
        missing = sorted(name for name, field in fields.items() if field.default is dataclasses.MISSING and name not in values)
        if missing:
            raise ConfigError(f"the configuration lacks {missing}")
        values = dict(values)
        if isinstance(values.get("trainer_devices"), list):  # JSON has no tuples
            values["trainer_devices"] = tuple(values["trainer_devices"])
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value is what a field's annotation says. An integer is a float, too, and a bool is no integer."""
    if typing.get_origin(kind) is Literal:
        return any(value == choice and type(value) is type(choice) for choice in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_is_of(part, typing.get_args(kind)[0]) for part in value)
    if isinstance(kind, types.UnionType):
        return any(_is_of(value, part) for part in typing.get_args(kind))
    return type(value) in ((int, float) if kind is float else (kind,))


def _asked(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        *choices, last = map(repr, typing.get_args(kind))
        return f"choose {', '.join(choices)} or {last}"
    if typing.get_origin(kind) is tuple:
        return "it must be a list of whole numbers"
    if isinstance(kind, types.UnionType):
        return "it must be text, or null"
    return f"it must be {({bool: 'true or false', int: 'a whole number', float: 'a number'}).get(kind, 'text')}"


def one_rollout_per_prompt(preset: Mapping[str, Any]) -> dict[str, int]:
    """PPO's batch: as many rollouts as GRPO's, each of another prompt."""
    return {"prompts_per_batch": preset["prompts_per_batch"] * preset["group_size"], "group_size": 1}


PRESETS: dict[str, dict[str, Any]] = {
    # Starts on a laptop: two CPU cores, no network. The model ships with the package.
    "tiny": dict(
        model=str(TINY_MODEL),
        dtype="float32",
        device="cpu",
        problems="arithmetic",
        prompts_per_batch=16,
        group_size=8,
        max_prompt_tokens=96,
        max_completion_tokens=40,
        optimizer_steps=100,
        rollouts_per_step=64,
        micro_batch_size=64,
        learning_rate=2e-4,
    ),
    # The course's own run: one GPU generates and holds the reference model, another trains.
    "qwen2.5-3b": dict(
        model=HUB_MODEL,
        dtype="bfloat16",
        device="cuda",
        problems="gsm8k",
        prompts_per_batch=32,
        group_size=8,
        max_prompt_tokens=400,
        max_completion_tokens=400,
        optimizer_steps=300,
        rollouts_per_step=64,
        micro_batch_size=16,
        learning_rate=1e-6,
        zero_stage=1,
        liger=True,
        logits_chunk_bytes=2**30,
        weight_transfer="nccl",
        prefetch=True,
        generation_device=0,
        trainer_devices=(1,),
        reference_device=0,
        kv_cache_gib=16,
        trainer_threads=4,
        rollout_threads=4,
        reference_threads=4,
        checkpoint_every=50,
        start_timeout=900.0,
        stall_timeout=600.0,
    ),
}


@dataclass(frozen=True)
class RunDir:
    """The files of one run. `path` is all that a process is told."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.json"

    @property
    def functions(self) -> Path:
        return self.path / "functions.pkl"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def samples(self) -> Path:
        return self.path / "samples.jsonl"

    @property
    def rollout_phases(self) -> Path:
        """A line before each upload: what the rollout worker has spent on each of its phases so far."""
        return self.state / "rollout_phases.jsonl"

    @property
    def weight_updates(self) -> Path:
        """A line for each version that the rollout worker took over: seconds, and the gap in nats on its probe."""
        return self.state / "weight_updates.jsonl"

    @property
    def heldout(self) -> Path:
        return self.path / "heldout.jsonl"

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"

    @property
    def curves(self) -> Path:
        return self.path / "reward_curves.png"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def state(self) -> Path:
        return self.path / "state"

    def log(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    def create(self, config: RunConfig) -> None:
        """Make the directory and write `config.json`.

        Raises ConfigError where it already holds a run: nothing is overwritten; or where the hostfile is missing: DeepSpeed
        would train on this machine alone.
        """
        if config.hostfile is not None and not Path(config.hostfile).is_file():
            raise ConfigError(f"hostfile={config.hostfile!r} is no file; give the path of DeepSpeed's list of machines")
        if self.config.exists():
            raise ConfigError(f"{self.path} already holds a run; choose another directory, or remove it first")
        for folder in (self.path, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self.state.mkdir(mode=0o700, exist_ok=True)  # it will hold the reference server's token
        write_atomic(self.config, json.dumps(config.to_dict(), indent=2) + "\n")

    def load_config(self) -> RunConfig:
        """Raises ConfigError where there is no run, or its configuration does not read."""
        try:
            values = json.loads(self.config.read_text())
        except FileNotFoundError as error:
            raise ConfigError(f"{self.path} holds no run: {self.config.name} is missing; `labkit train` makes one") from error
        except json.JSONDecodeError as error:
            raise ConfigError(f"{self.config} is not JSON: {error}") from error
        return RunConfig.from_dict(values)


def write_atomic(path: Path, text: str) -> None:
    """Write `path` so that a reader sees the old text or the new one, never half of it."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text)
    scratch.replace(path)
