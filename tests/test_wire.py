"""A batch on the wire: what goes in comes out, and what is malformed is refused with a reason."""

from dataclasses import replace

import pytest
import safetensors.torch
import torch
from conftest import make_batch
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.errors import WireError
from labkit.wire import Batch, collate, decode, encode


def test_what_goes_in_comes_out(batch: Batch):
    refs = torch.randn_like(batch.gen_logps)
    got = decode(encode(replace(batch, refs=refs)))
    for name in ("inputs", "rewards", "gen_logps", "raw_rewards", "formats", "corrects"):
        assert torch.equal(getattr(got, name), getattr(batch, name)), name
    assert torch.equal(got.refs, refs)
    assert (got.plen, got.group_size, got.weight_version) == (batch.plen, batch.group_size, batch.weight_version)
    assert got.prompt_lengths == batch.prompt_lengths
    assert got.completion_lengths == batch.completion_lengths


def test_padding_and_masks_by_hand():
    # Prompts of 2 and 1 tokens end at plen = 2; completions of 1 and 3 tokens begin there. 9 is pad and also a real token.
    count = torch.zeros(2)
    got = collate([[5, 6], [7]], [[9], [1, 2, 9]], [[-1.0], [-1.0, -2.0, -3.0]], rewards=count, raw_rewards=count,
                  formats=count, corrects=count, group_size=1, weight_version=0, pad=9)  # fmt: skip
    assert got.plen == 2
    assert got.inputs.tolist() == [[5, 6, 9, 9, 9], [9, 7, 1, 2, 9]]
    assert got.attention_mask.tolist() == [[1, 1, 1, 0, 0], [0, 1, 1, 1, 1]]
    assert got.completion_mask.tolist() == [[1, 0, 0], [1, 1, 1]]  # the end token counts, though it equals pad
    assert got.gen_logps.tolist() == [[-1, 0, 0], [-1, -2, -3]]


def test_rows_keep_the_padding(batch: Batch):
    rows = batch.rows(4, 8)
    assert rows.plen == batch.plen
    assert torch.equal(rows.inputs, batch.inputs[4:8])
    assert torch.equal(rows.attention_mask, batch.attention_mask[4:8])


def test_a_missing_log_prob_is_named():
    with pytest.raises(WireError, match="rollout 1: 3 completion tokens, but 2 gen_logps"):
        collate([[5], [5]], [[1], [1, 2, 3]], [[-1.0], [-1.0, -2.0]], rewards=torch.zeros(2), raw_rewards=torch.zeros(2),
                formats=torch.zeros(2), corrects=torch.zeros(2), group_size=2, weight_version=0, pad=0)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"plen": 0}, "plen is 0"),
        ({"plen": 3.0}, "whole numbers"),
        ({"group_size": 3}, "16 rollouts do not divide into groups of 3"),
        ({"weight_version": -1}, "must not be negative"),
        ({"prompt_lengths": (1,) * 15}, "prompt_lengths"),
        ({"completion_lengths": (99,) * 16}, "completion_lengths"),
        ({"rewards": torch.zeros(15)}, r"rewards has shape \(15,\)"),
        ({"rewards": torch.zeros(16, dtype=torch.float64)}, "rewards has dtype torch.float64"),
        ({"rewards": torch.full((16,), float("nan"))}, "16 values that are not finite"),
        ({"inputs": torch.zeros(16, dtype=torch.int64)}, "inputs has shape"),
        ({"gen_logps": torch.zeros(16, 1)}, "gen_logps has shape"),
    ],
)
def test_a_wrong_batch_is_refused_with_a_reason(batch: Batch, change: dict, reason: str):
    with pytest.raises(WireError, match=reason):
        decode(encode(replace(batch, **change)))


def test_token_ids_outside_the_vocabulary_are_refused(batch: Batch):
    decode(encode(batch), vocab_size=400)
    with pytest.raises(WireError, match="the vocabulary has 100"):
        decode(encode(batch), vocab_size=100)
    with pytest.raises(WireError, match="token ids -1"):
        decode(encode(replace(batch, inputs=batch.inputs.clone().fill_(-1))))


def test_unknown_and_missing_tensors_are_named():
    blob = safetensors.torch.save({"inputs": torch.zeros(1, 2, dtype=torch.int64), "evil": torch.zeros(1)}, {"header": "{}"})
    with pytest.raises(WireError, match="plen"):
        decode(blob)
    header = '{"plen":1,"group_size":1,"weight_version":0,"prompt_lengths":[1],"completion_lengths":[1]}'
    blob = safetensors.torch.save({"inputs": torch.zeros(1, 2, dtype=torch.int64), "evil": torch.zeros(1)}, {"header": header})
    with pytest.raises(WireError, match=r"missing: .*'rewards'.*unknown: \['evil'\]"):
        decode(blob)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read_but_never_crash(blob: bytes):
    with pytest.raises(WireError):
        decode(blob)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_batch_with_changed_bytes_never_crashes(data: st.DataObject):
    blob = bytearray(encode(make_batch(2, 2)))
    for _ in range(data.draw(st.integers(1, 4))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    try:
        got = decode(bytes(blob), vocab_size=400)
    except WireError:
        return
    assert got.attention_mask.shape == got.inputs.shape
