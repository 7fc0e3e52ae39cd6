"""What needs GPUs, on the tiny policy: CUDA graphs, both ways of handing weights on, ZeRO-3, runs that train."""

import time

import pytest
import torch
from conftest import make_batch

from labkit import functions
from labkit.cli import REFERENCE
from labkit.config import RunConfig
from labkit.lab import Lab
from labkit.metrics import read_jsonl
from labkit.policy import Policy, load_model
from labkit.trainer import policy_to_train

GPUS = torch.cuda.device_count()
one_gpu = pytest.mark.skipif(GPUS < 1, reason="needs a GPU; torch sees none")
two_gpus = pytest.mark.skipif(GPUS < 2, reason=f"needs two GPUs; torch sees {GPUS}")
pytestmark = [pytest.mark.gpu, pytest.mark.slow]

ON_GPU = {"device": "cuda", "dtype": "bfloat16", "optimizer_steps": 6, "heldout_problems": 32}
ONE = {**ON_GPU, "trainer_devices": (0,)}
TWO = {**ON_GPU, "trainer_devices": (1,)}


def train(path, **overrides) -> tuple[Lab, list[dict]]:
    """A whole run in three processes; raises what went wrong in them."""
    with Lab("tiny", functions.load_path(REFERENCE, "grpo"), run=path, **overrides) as lab:
        lab.wait()
    lines = read_jsonl(lab.run.metrics)
    assert [line["step"] for line in lines] == list(range(1, lab.config.optimizer_steps + 1))
    # The policy that trains gives the tokens the log-probs that the generating one gave, but for bfloat16 and its few updates.
    assert max(line["logprob_gap"] for line in lines) < 0.2
    return lab, lines


def gaps(lab: Lab) -> list[float]:
    return [line["probe_gap"] for line in read_jsonl(lab.run.weight_updates)]


@one_gpu
@pytest.mark.parametrize("weight_transfer", ["disk", "ipc"])
def test_a_run_on_one_gpu(tmp_path, weight_transfer):
    lab, _ = train(tmp_path / "run", **ONE, weight_transfer=weight_transfer)
    assert len(gaps(lab)) >= 3
    assert max(gaps(lab)) < 0.1


@one_gpu
def test_a_run_on_a_gpu_goes_on_from_its_checkpoint(tmp_path):
    given, run = functions.load_path(REFERENCE, "grpo"), tmp_path / "run"
    overrides = {**ONE, "optimizer_steps": 40, "checkpoint_every": 2, "weight_transfer": "ipc"}
    with Lab("tiny", given, run=run, **overrides) as lab:
        while len(read_jsonl(lab.run.metrics)) < 3:
            assert lab.running()
            time.sleep(0.05)
    assert len(read_jsonl(lab.run.metrics)) < 40
    with Lab.resume(run) as again:
        again.wait()
    lines = read_jsonl(lab.run.metrics)
    assert [line["step"] for line in lines] == list(range(1, 41))
    assert max(line["logprob_gap"] for line in lines) < 0.2
    assert max(gaps(again)) < 0.1


@two_gpus
@pytest.mark.parametrize("name", [None, "prefetch", "zero_stage", "liger", "gradient_checkpointing", "offload"])
def test_a_run_on_two_gpus_over_nccl(tmp_path, name):
    if name == "liger":
        pytest.importorskip("liger_kernel")
    changes = {name: 3 if name == "zero_stage" else True} if name else {}
    lab, lines = train(tmp_path / "run", **TWO, weight_transfer="nccl", **changes)
    assert len(gaps(lab)) >= 3
    assert max(gaps(lab)) < 0.1
    assert {line["weight_version"] for line in lines} > {0}


@two_gpus
def test_two_trainers(tmp_path):
    """Both GPUs train, the first one generates, too."""
    overrides = {**ON_GPU, "trainer_devices": (0, 1), "num_trainers": 2, "micro_batch_size": 32}
    train(tmp_path / "run", **overrides)


@two_gpus
def test_tensor_parallel_generation(tmp_path):
    """Half of the policy on each GPU; the trainer shares the second one, so weights go by way of the disk."""
    lab, _ = train(tmp_path / "run", **TWO, tensor_parallel_size=2, weight_transfer="disk")
    assert len(gaps(lab)) >= 3
    assert max(gaps(lab)) < 0.1


@one_gpu
def test_gradient_checkpointing_takes_less_memory_and_gives_the_same_gradients():
    peaks, gradients = [], []
    for on in (False, True):
        policy = policy_to_train(RunConfig.create("tiny", **ON_GPU, gradient_checkpointing=on)).cuda()
        batch = make_batch(256, 4)
        inputs, mask = batch.inputs.cuda(), batch.attention_mask.cuda()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        policy.completion_logps(inputs, mask, batch.plen).sum().backward()
        peaks.append(torch.cuda.max_memory_allocated() - before)
        gradients.append([p.grad.cpu() for p in policy.parameters()])
    assert peaks[1] < 0.7 * peaks[0]
    for plain, again in zip(*gradients, strict=True):
        torch.testing.assert_close(again, plain, rtol=0.02, atol=0.02 * plain.abs().max().item())


@one_gpu
def test_log_probs_on_a_gpu_are_those_on_a_cpu():
    config = RunConfig.create("tiny")
    batch = make_batch(4, 4, seed=3)
    policy = Policy(load_model(config))
    with torch.no_grad():
        expected = policy.completion_logps(batch.inputs, batch.attention_mask, batch.plen)
        found = policy.cuda().completion_logps(batch.inputs.cuda(), batch.attention_mask.cuda(), batch.plen).cpu()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)  # float32 with TensorFloat-32 off, other kernels
