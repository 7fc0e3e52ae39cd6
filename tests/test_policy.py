"""The policy's forward pass and log-probs, against transformers on one sequence at a time, in float64."""

import copy
from dataclasses import replace

import pytest
import torch
from conftest import make_batch

from labkit.config import RunConfig
from labkit.errors import SetupError
from labkit.fold import Fold
from labkit.policy import Policy, fuse_norms, load_model, token_logps
from labkit.wire import Batch


@pytest.fixture(scope="module")
def double() -> Policy:
    return Policy(load_model(RunConfig.create("tiny")).double())


def one_by_one(policy: Policy, batch: Batch) -> list[torch.Tensor]:
    """Logits (length, V) of each row without its padding, from transformers alone."""
    with torch.no_grad():
        return [
            policy.model(ids[mask.bool()][None]).logits[0] for ids, mask in zip(batch.inputs, batch.attention_mask, strict=True)
        ]


@pytest.mark.parametrize(("groups", "size"), [(4, 4), (1, 6), (6, 1), (2, 2)])
def test_folded_logits_equal_those_of_each_sequence_alone(double: Policy, groups: int, size: int):
    batch = make_batch(groups, size, seed=groups)
    double.plen = batch.plen
    with torch.no_grad():
        logits = double(batch.inputs, batch.attention_mask).logits
    assert logits.shape == (*batch.inputs.shape, double.model.config.vocab_size)
    for row, mask, alone in zip(logits, batch.attention_mask.bool(), one_by_one(double, batch), strict=True):
        torch.testing.assert_close(row[mask], alone, rtol=0, atol=1e-10)


def test_a_batch_is_folded_into_one_row_without_padding_and_repetition(batch: Batch):
    fold = Fold.of(batch.inputs, batch.attention_mask, batch.plen)
    assert fold.ids.shape == (1, sum(batch.prompt_lengths[::4]) + sum(batch.completion_lengths))


def test_one_problem_twice_in_a_row_is_two_groups():
    """Nine rows of one group, three of another: what divides both are groups of three."""
    ids = torch.randint(3, 400, (12, 50))
    ids[:9, :30], ids[9:, :30] = ids[0, :30], ids[9, :30]
    assert Fold.of(ids, None, 30).ids.shape == (1, 4 * 30 + 12 * 20)


def test_logits_are_made_where_they_are_used(policy: Policy, batch: Batch):
    made = []
    hook = policy.model.get_output_embeddings().register_forward_hook(lambda module, args, out: made.append(out.shape[:-1]))
    policy.plen = batch.plen
    logits = policy(batch.inputs, batch.attention_mask).logits
    completions = logits[:, : batch.inputs.shape[1] - 1, :][:, batch.plen - 1 :]
    vocabulary = policy.model.config.vocab_size
    assert (logits.shape, logits.dtype, len(completions)) == ((*batch.inputs.shape, vocabulary), torch.float32, 16)
    assert not made
    with torch.no_grad():
        torch.testing.assert_close(completions + 0, logits[:, batch.plen - 1 : -1].detach().float())
        torch.testing.assert_close(logits[3, -2], logits.softmax(-1).log()[3, -2] + logits[3, -2].logsumexp(-1))
    hook.remove()
    assert made[0] == completions.shape[:-1]
    assert isinstance(logits, torch.Tensor)


MASK = torch.arange(16)[:, None] > torch.arange(12)  # (B, L) of the logits


@pytest.mark.parametrize(
    "index",
    [3, -1, slice(2, -1), (slice(None), slice(4, -1)), (slice(None), -1, slice(None)), (..., 5), None, (2, 3, 4), MASK,
     torch.tensor([3, 0]), (slice(None), torch.tensor([1, 2])), (slice(None), slice(None), slice(0, 9))],
    ids=str,
)  # fmt: skip
def test_an_index_means_what_it_means_to_ordinary_logits(policy: Policy, index):
    batch = make_batch(4, 4)
    with torch.no_grad():
        logits = policy(batch.inputs[:, :12], batch.attention_mask[:, :12]).logits
        torch.testing.assert_close(logits[index] + 0, logits.made()[index], rtol=0, atol=1e-5)


@pytest.mark.parametrize("plen", [0, 1, 4, 12])
def test_a_wrong_hint_costs_time_never_correctness(double: Policy, plen: int):
    batch = make_batch(4, 4)
    with torch.no_grad():
        double.plen = plen
        logits = double(batch.inputs, batch.attention_mask).logits
        double.plen = 0
        expected = double(batch.inputs, batch.attention_mask).logits
    mask = batch.attention_mask.bool()
    torch.testing.assert_close(logits[mask], expected[mask], rtol=0, atol=1e-10)


def test_gradients_do_not_depend_on_folding(double: Policy):
    batch = make_batch(3, 4, seed=5)
    gradients = []
    for plen in (0, batch.plen):
        double.zero_grad()
        double.plen = plen
        logits = double(batch.inputs, batch.attention_mask).logits[:, batch.plen - 1 : -1]
        logps = logits.log_softmax(-1).gather(-1, batch.inputs[:, batch.plen :, None]).squeeze(-1)
        (logps * batch.completion_mask * batch.rewards[:, None]).sum().backward()
        gradients.append([p.grad.clone() for p in double.parameters()])
    # Not 1e-15: transformers' RMSNorm computes in float32 whatever the model's dtype is.
    for plain, folded in zip(*gradients, strict=True):
        assert (folded - plain).norm() < 1e-6 * plain.norm()


def test_one_kernel_normalises_as_five_do(double: Policy, batch: Batch):
    """In float64, its gradients, too."""
    fused = copy.deepcopy(double)
    fuse_norms(fused.model)
    sums = []
    for policy in (double, fused):
        policy.zero_grad()
        logps = policy.completion_logps(batch.inputs, batch.attention_mask, batch.plen)
        logps.square().sum().backward()
        sums.append([logps.detach(), *(weights.grad for weights in policy.parameters())])
    for plain, one in zip(*sums, strict=True):
        assert (one - plain).norm() < 1e-5 * plain.norm()  # transformers' own normalises in float32


def test_without_a_mask_all_tokens_count(double: Policy):
    ids = torch.tensor([[5, 6, 7], [5, 6, 8]])
    with torch.no_grad():
        double.plen = 2
        torch.testing.assert_close(double(ids).logits, double.model(ids).logits, rtol=0, atol=1e-10)


@pytest.mark.parametrize("chunk_bytes", [1, 50_000, 2**28])
def test_reference_log_probs_agree_with_float64(policy: Policy, double: Policy, chunk_bytes: int):
    batch = make_batch(4, 4, seed=3)
    with torch.no_grad():
        logps = policy.completion_logps(batch.inputs, batch.attention_mask, batch.plen, chunk_bytes=chunk_bytes)
    assert logps.dtype == torch.float32
    for i, logits in enumerate(one_by_one(double, batch)):
        prompt, length = batch.prompt_lengths[i], batch.completion_lengths[i]
        tokens = batch.inputs[i, batch.plen : batch.plen + length]
        expected = logits[prompt - 1 : prompt + length - 1].log_softmax(-1).gather(-1, tokens[:, None]).squeeze(-1)
        # Float32's rounding through four layers, on log-probs of up to 20 nats.
        torch.testing.assert_close(logps[i, :length].double(), expected, rtol=0, atol=1e-4)


def test_the_last_token_counts(policy: Policy, batch: Batch):
    """A completion's last log-prob changes with its last token, and no other does."""
    changed = batch.inputs.clone()
    last = batch.plen + batch.completion_lengths[0] - 1
    changed[0, last] = (changed[0, last] + 1) % 400
    with torch.no_grad():
        before, after = (
            policy.completion_logps(ids, batch.attention_mask, batch.plen, chunk_bytes=2**20) for ids in (batch.inputs, changed)
        )
    differs = ((before - after).abs() > 1e-4) & batch.completion_mask.bool()
    assert differs.nonzero().tolist() == [[0, last - batch.plen]]


def test_token_logps_by_hand():
    # softmax([0, ln 3]) = [1/4, 3/4]
    logits = torch.tensor([[0.0, 1.0986123]])
    torch.testing.assert_close(token_logps(logits, torch.tensor([1])), torch.tensor([-0.2876821]))  # ln 3/4


def test_a_model_that_is_not_there_is_named(tmp_path):
    config = replace(RunConfig.create("tiny"), model=str(tmp_path))
    with pytest.raises(SetupError, match="is not a complete model directory"):
        load_model(config)
