"""Fixtures that several files share. Everything is real: the shipped tiny policy, the reference functions, HTTP, processes."""

import os
import signal
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")

import pytest
import torch

from labkit import functions
from labkit.cli import REFERENCE
from labkit.config import RunConfig, RunDir
from labkit.functions import Functions
from labkit.policy import Policy, load_model, load_tokenizer
from labkit.wire import Batch, collate


def pytest_configure() -> None:
    """A script's background job ignores Ctrl-C, and so would every process that the tests start from it and interrupt."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("gpu") and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="needs a CUDA GPU, and torch sees none"))


@pytest.fixture
def config() -> RunConfig:
    """The tiny preset, with batches small enough for a quick test."""
    return RunConfig.create("tiny", prompts_per_batch=4, group_size=4, rollouts_per_step=8, micro_batch_size=4)


@pytest.fixture
def run(tmp_path: Path, config: RunConfig) -> RunDir:
    run = RunDir(tmp_path / "run")
    run.create(config)
    return run


@pytest.fixture(scope="session")
def reference() -> Functions:
    return functions.load_path(REFERENCE, "grpo")


@pytest.fixture(scope="session")
def policy() -> Policy:
    return Policy(load_model(RunConfig.create("tiny")))


@pytest.fixture(scope="session")
def tokenizer():
    return load_tokenizer(RunConfig.create("tiny"))


@pytest.fixture
def batch() -> Batch:
    return make_batch()


def make_batch(groups: int = 4, size: int = 4, seed: int = 0, weight_version: int = 0) -> Batch:
    """Random tokens: prompts of 3 to 9, completions of 1 to 7, of which the first group has one of each extreme."""
    random = torch.Generator().manual_seed(seed)

    def tokens(low: int, high: int) -> list[int]:
        length = int(torch.randint(low, high + 1, (), generator=random))
        return torch.randint(3, 400, (length,), generator=random).tolist()

    prompts = [prompt for _ in range(groups) for prompt in [tokens(3, 9)] * size]
    completions = [tokens(1, 7) for _ in prompts]
    logps = [(-3 * torch.rand(len(c), generator=random)).tolist() for c in completions]
    count = len(prompts)
    formats = torch.randint(0, 2, (count,), generator=random).float()
    corrects = torch.randint(0, 2, (count,), generator=random).float()
    return collate(
        prompts,
        completions,
        logps,
        rewards=torch.randn(count, generator=random),
        raw_rewards=2.25 * formats - 1 + 2 * corrects - 1,
        formats=formats,
        corrects=corrects,
        group_size=size,
        weight_version=weight_version,
        pad=0,
    )
