"""What is made of the GPUs of a machine. None is needed: `nvidia-smi` is a fake, and a GPU a name and two numbers."""

import json
from pathlib import Path
from typing import Any

import pytest

from labkit import gpus
from labkit.config import PRESETS, RunConfig
from labkit.errors import ConfigError, SetupError
from labkit.gpus import Gpu

PRESET = "qwen2.5-3b"
ROOT = Path(__file__).resolve().parent.parent


def fitted(*sizes: float, **overrides: Any) -> RunConfig:
    """The GPU preset on GPUs of so many GiB."""
    found = [Gpu("fake GPU", size, size, index) for index, size in enumerate(sizes)]
    return RunConfig.create(PRESET, **gpus.fit(PRESET, overrides, found))


@pytest.fixture
def fake_nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH on which nothing lies but the fake that a test writes there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "nvidia-smi"


def test_no_nvidia_smi(fake_nvidia_smi: Path) -> None:
    assert not fake_nvidia_smi.exists()
    assert gpus.find() == ((), None)


@pytest.mark.parametrize(
    ("answer", "listed", "problem"),
    [
        ("echo 'fake GPU, large, 81559, 80000'; echo 'fake GPU 2, 24576, 1024'",
         (Gpu("fake GPU, large", 81559 / 1024, 78.125), Gpu("fake GPU 2", 24.0, 1.0, 1)), None),
        ("echo 'driver mismatch' >&2; exit 9", (), "status 9: driver mismatch"),
        ("echo 'fake GPU, [N/A], [N/A]'", (), "[N/A]"),
    ],
)  # fmt: skip
def test_nvidia_smi(fake_nvidia_smi: Path, answer: str, listed: tuple[Gpu, ...], problem: str | None) -> None:
    fake_nvidia_smi.write_text(f"#!/bin/sh\n{answer}\n")
    fake_nvidia_smi.chmod(0o755)
    found, trouble = gpus.find()
    assert found == listed
    assert problem in trouble if problem and trouble else trouble is None


def test_only_gpus_that_are_allowed(fake_nvidia_smi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_nvidia_smi.write_text('#!/bin/sh\nfor i in 0 1 2 3; do echo "fake GPU, 81920, 81920"; done\n')
    fake_nvidia_smi.chmod(0o755)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert [gpu.index for gpu in gpus.find()[0]] == [2, 3]
    for none in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", none)
        assert gpus.find() == ((), None)


@pytest.mark.parametrize(
    ("sizes", "generation", "reference", "trainers", "micro_batch"),
    [
        ((140,), 0, 0, (0,), 8),  # one H200
        ((140, 140), 0, 0, (1,), 32),  # measured: 32 rollouts peak at 113 GiB
        ((80, 80), 0, 0, (1,), 8),  # measured: 8 rollouts peak at 63 GiB
        ((80, 80, 80), 0, 0, (1, 2), 16),
        ((80, 80, 80, 80), 0, 1, (2, 3), 16),
    ],
)
def test_who_works_where(sizes: tuple[float, ...], generation: int, reference: int, trainers: tuple[int, ...],
                         micro_batch: int) -> None:  # fmt: skip
    config = fitted(*sizes)
    assert (config.generation_device, config.reference_device, config.trainer_devices) == (generation, reference, trainers)
    assert (config.micro_batch_size, config.offload, config.gradient_checkpointing) == (micro_batch, False, False)
    assert config.weight_transfer == ("ipc" if len(sizes) == 1 else "nccl")


@pytest.mark.parametrize("number", range(1, 10))
def test_any_number_of_gpus_shares_a_step_evenly(number: int) -> None:
    config = fitted(*[80.0] * number)
    assert config.num_trainers == {1: 1, 2: 1, 3: 2, 4: 2, 5: 2, 6: 4, 7: 4, 8: 4, 9: 4}[number]


def test_what_training_needs_is_what_it_took_on_an_h200() -> None:
    """Prompts of 150 tokens, eight completions of 400 each. At most 2 % below, which `SPARE` covers, or a tenth above."""
    record = json.loads((ROOT / "benchmarks" / "records" / "gpu-memory.json").read_text())
    for how, cases in record["figures"]["cases"].items():
        for micro, took in cases.items():
            tokens = int(micro) * (400 + 150 / 8)
            needed = gpus.needs(tokens, 1, offload=how == "offloaded", checkpointing=how == "checkpointed")
            assert 0.98 < needed / max(took["work_gib"], took["update_gib"]) < 1.1, (how, micro)


def test_small_gpus_offload_and_checkpoint() -> None:
    assert fitted(80, 48).offload
    assert fitted(80, 80, max_completion_tokens=2000).gradient_checkpointing


def test_ppo_shares_no_prompts() -> None:
    """Each rollout brings a prompt of its own: fewer fit, and on one GPU a batch is half as large, as with GRPO."""
    assert (fitted(140, algorithm="ppo").prompts_per_batch, fitted(140).rollouts_per_batch) == (128, 128)
    assert [fitted(140, 140, algorithm=name).micro_batch_size for name in ("ppo", "grpo")] == [16, 32]


def test_a_small_step_needs_no_offload() -> None:
    config = fitted(*[140.0] * 6, rollouts_per_step=8)
    assert (config.num_trainers, config.micro_batch_size) == (4, 2)
    assert (config.offload, config.gradient_checkpointing) == (False, False)


def test_what_is_given_stays() -> None:
    config = fitted(140, 140, micro_batch_size=4, max_completion_tokens=1000)
    assert (config.micro_batch_size, config.max_completion_tokens) == (4, 1000)
    assert fitted(140, 140, 140, trainer_devices=(2,), generation_device=1).trainer_devices == (2,)
    assert fitted(140, 140, max_completion_tokens=2000).micro_batch_size < fitted(140, 140).micro_batch_size


def test_a_hostfile_says_who_trains() -> None:
    config = fitted(*[80.0] * 8, hostfile="hosts", num_trainers=8, trainer_devices=(), generation_device=7, reference_device=6)
    assert (config.generation_device, config.reference_device, config.micro_batch_size) == (7, 6, 8)


def test_without_gpus_and_on_cpus_the_preset_stands() -> None:
    assert gpus.fit(PRESET, {"seed": 3}, ()) == {"seed": 3}
    assert gpus.fit("tiny", {}, [Gpu("fake GPU", 80, 80)]) == {}
    assert RunConfig.create(PRESET).trainer_devices == PRESETS[PRESET]["trainer_devices"]


def test_gpus_that_are_too_small_or_missing_are_named() -> None:
    with pytest.raises(ConfigError, match=r"GPU 1 \(fake GPU\) has 7 GiB for training, and 13 GiB are needed even with"):
        fitted(80, 8)
    with pytest.raises(ConfigError, match="GPU 5 is not there; found: 0, 1"):
        fitted(80, 80, trainer_devices=(5,))


def test_a_process_whose_gpu_is_missing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(SetupError, match=r"GPU 3 is wanted, and torch .* sees 0 of them"):
        gpus.see_only(3)
