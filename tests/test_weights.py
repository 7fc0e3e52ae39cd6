"""Numbered weights on disk, and the probe that notices what did not arrive."""

import json
import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch

from labkit import weights
from labkit.engines import TransformersEngine
from labkit.errors import WeightsError
from labkit.policy import Policy, load_model, token_logps

PROBE = [5, 9, 14, 33, 70, 71]


def probe_logps(policy: Policy) -> list[float]:
    policy.plen = 0
    ids = torch.tensor([PROBE])
    with torch.no_grad():
        return token_logps(policy(ids).logits[:, :-1], ids[:, 1:])[0].tolist()


@pytest.fixture
def publisher(run, config):
    publisher = weights.Publisher(run, config)
    yield publisher
    for path in (run.state / "scratch").read_text().split():
        shutil.rmtree(path)


def test_the_newest_version_is_found_and_old_ones_go(run, publisher, config):
    assert weights.newest(run) is None
    state = weights.for_vllm(load_model(config).state_dict(), config)
    for version in range(6):
        publisher.publish(version, state, PROBE, [0.0] * 5)
    newest = weights.newest(run)
    assert newest.version == 5
    assert len(list(Path(newest.path).parent.iterdir())) == weights.KEPT
    loaded = safetensors.torch.load_file(Path(newest.path) / weights.FILE)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())


def test_a_version_is_stored_once(run, publisher, config):
    """A trainer that is stopped while it waits has published its last version already."""
    state = load_model(config).state_dict()
    assert publisher.wanted(0)
    stored = publisher.publish(0, state, PROBE, [0.0] * 5)
    assert not publisher.wanted(0)
    assert publisher.store(0, state, PROBE, [0.0] * 5) == stored == weights.newest(run)


def test_tied_embeddings_are_written_out(config):
    state = weights.for_vllm(load_model(config).state_dict(), config)
    assert torch.equal(state["lm_head.weight"], state["model.embed_tokens.weight"])
    assert state["lm_head.weight"].data_ptr() != state["model.embed_tokens.weight"].data_ptr()


def test_weights_that_are_not_what_was_announced_are_noticed(run, publisher, config):
    state = weights.for_vllm(load_model(config).state_dict(), config)
    published = publisher.publish(3, state, PROBE, [0.0] * 5)
    announcement = run.state / "weights.json"
    announcement.write_text(json.dumps(json.loads(announcement.read_text()) | {"version": 4}))
    with pytest.raises(WeightsError, match="holds weights version 3; version 4 was announced"):
        weights.newest(run)
    shutil.rmtree(published.path)
    with pytest.raises(WeightsError, match="is gone"):
        weights.newest(run)


def test_the_probe_passes_what_arrived_and_refuses_what_did_not(run, publisher, config):
    engine = TransformersEngine(config, eos=2)
    policy = Policy(load_model(config))
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    moved = probe_logps(policy)
    published = publisher.publish(1, weights.for_vllm(policy.model.state_dict(), config), PROBE, moved)
    engine.load_weights(published)  # does not raise

    stale = publisher.publish(2, weights.for_vllm(load_model(config).state_dict(), config), PROBE, moved)
    with pytest.raises(WeightsError, match="weights version 2 did not arrive as they were sent"):
        engine.load_weights(stale)


def test_a_gap_that_is_no_number_is_refused():
    published = weights.Published(1, "", [1, 2], [float("nan")])
    with pytest.raises(WeightsError):
        published.verify([0.0], "float32")
