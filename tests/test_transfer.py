"""Weights from GPU to GPU, as far as it goes without a GPU: what is asked and answered, and that vLLM takes what it is told."""

import json
import shutil
import threading
from pathlib import Path

import pytest
import torch

from labkit import weights
from labkit.config import RunConfig, RunDir
from labkit.errors import ConfigError
from labkit.transfer import DirectPublisher, make_publisher

PROBE = [1, 2, 3]


@pytest.fixture
def config():
    return RunConfig.create("qwen2.5-3b")


@pytest.fixture
def run(tmp_path, config):
    run = RunDir(tmp_path / "run")
    run.create(config)
    return run


@pytest.fixture
def publisher(run, config):
    publisher = make_publisher(run, config)
    assert isinstance(publisher, DirectPublisher)
    yield publisher
    for path in (run.state / "scratch").read_text().split():
        Path(path).rmdir()


def test_nothing_goes_out_before_it_is_asked_for(publisher):
    assert not publisher.wanted(0)
    assert not publisher.wanted(7)


def test_who_has_the_newest_version_is_told_so_at_once(run, publisher):
    """The worker asks, holds version 4, and the trainer is still at 4: no tensor travels."""
    answers = []
    asking = threading.Thread(target=lambda: answers.append(weights.ask(run, 4, lambda: False)))
    asking.start()
    while not publisher.wanted(4):
        assert asking.is_alive()
    publisher.publish(4, {"w": torch.ones(2)}, PROBE, [0.0, 0.0])
    asking.join(timeout=5)
    assert answers == [weights.Published(4, None, PROBE, [0.0, 0.0], request=1, transfer=None)]
    assert not publisher.wanted(4)


def test_the_next_question_gets_its_own_answer(run, publisher):
    for number in (1, 2, 3):
        asking = threading.Thread(target=weights.ask, args=(run, 9, lambda: False))
        asking.start()
        while not publisher.wanted(0):
            assert asking.is_alive()
        publisher.publish(9, {}, PROBE, [0.0, 0.0])
        asking.join(timeout=5)
        assert not asking.is_alive()
        assert weights.answered(run) == number


def test_who_asks_after_the_end_gets_what_was_stored(run, config, publisher):
    state = {"model.embed_tokens.weight": torch.ones(3, 2, dtype=torch.bfloat16)}
    stored = publisher.store(12, state, PROBE, [0.0, 0.0])
    assert weights.ask(run, 4, lambda: True) == stored
    shutil.rmtree(stored.path)


def test_vllm_takes_what_it_is_told(publisher):
    """Against the installed vLLM's own classes: their fields moved between 0.26 and 0.32."""
    nccl = pytest.importorskip("vllm.distributed.weight_transfer.nccl_engine")
    tensors = {"a.weight": torch.ones(2, 3, dtype=torch.bfloat16), "b.bias": torch.ones(4, dtype=torch.bfloat16)}
    told = json.loads(json.dumps(publisher._describe(tensors)))  # it travels as JSON
    init, update = nccl.NCCLWeightTransferInitInfo(**told["init"]), nccl.NCCLWeightTransferUpdateInfo(**told["update"])
    assert (init.rank_offset, init.world_size) == (1, 2)
    assert (update.names, update.dtype_names, update.shapes) == (list(tensors), ["bfloat16", "bfloat16"], [[2, 3], [4]])
    assert getattr(init, "packed", False) or getattr(update, "packed", False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight_transfer": "ipc"}, r"'ipc' goes within one GPU; \(0,\) generate, \(1,\) train: take 'nccl'"),
        ({"trainer_devices": (0,)}, "'nccl' goes between GPUs, and GPU 0 both trains and generates: take 'ipc'"),
        ({"engine": "transformers"}, "needs a GPU and vLLM; with 'cuda' and 'transformers' take 'disk'"),
        ({"weight_transfer": "pigeon"}, "weight_transfer is 'pigeon'; choose"),
        ({"generation_device": 0, "tensor_parallel_size": 2}, "GPU 1 both trains and generates"),
    ],
)
def test_a_transfer_that_cannot_be(changes, message):
    with pytest.raises(ConfigError, match=message):
        RunConfig.create("qwen2.5-3b", **changes)
