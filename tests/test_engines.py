"""The generation engines on the shipped policy: real vLLM, and transformers. Slow: vLLM takes seconds to start."""

import shutil
from dataclasses import replace

import pytest
import torch

from labkit import engines, problems, weights
from labkit.config import RunConfig
from labkit.engines import Engine, Generated
from labkit.errors import WeightsError
from labkit.functions import Functions
from labkit.policy import Policy, load_model, token_logps
from labkit.wire import Batch, collate

pytestmark = pytest.mark.slow

CONFIG = RunConfig.create("tiny", prompts_per_batch=8, group_size=8, rollouts_per_step=64, micro_batch_size=64)


@pytest.fixture(scope="module", params=[("vllm", 1), ("vllm", 2), ("transformers", 1)], ids=str)
def engine(request, tokenizer) -> Engine:
    """vLLM also with tensor parallelism: half of the policy in each of two processes of its own."""
    name, size = request.param
    return engines.create(replace(CONFIG, engine=name, tensor_parallel_size=size), tokenizer.eos_token_id)


@pytest.fixture(scope="module")
def prompts(tokenizer) -> list[list[int]]:
    draw = problems.sampler(CONFIG, "train", seed=0)
    return [
        tokenizer.apply_chat_template(problems.messages(next(draw)["Q"]), add_generation_prompt=True, return_dict=False)
        for _ in range(8)
    ]


def own_logps(policy: Policy, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        logits = policy.model(torch.tensor([ids])).logits
    return token_logps(logits[:, :-1], torch.tensor([ids[1:]]))[0]


def flat(prompts: list[list[int]], groups: list[list[Generated]]) -> list[tuple[list[int], Generated]]:
    return [(prompt, g) for prompt, group in zip(prompts, groups, strict=True) for g in group]


def scored(engine: Engine, sequences: list[list[int]]) -> list[list[float]]:
    return [
        [entry[token] for token, entry in zip(ids, entries, strict=True) if entry is not None]
        for ids, entries in zip(sequences, engine.score(sequences), strict=True)
    ]


def test_sampled_rescored_and_own_log_probs_agree(engine, prompts):
    policy = Policy(load_model(CONFIG).double())
    pairs = flat(prompts, engine.generate(prompts, 8, temperature=1.0, seed=1))
    rescored = scored(engine, [prompt + g.token_ids for prompt, g in pairs])
    for (prompt, g), again in zip(pairs, rescored, strict=True):
        own = own_logps(policy, prompt + g.token_ids)[len(prompt) - 1 :]
        torch.testing.assert_close(torch.tensor(g.logps).double(), own.double(), rtol=0, atol=1e-4)
        torch.testing.assert_close(torch.tensor(again[len(prompt) - 1 :]).double(), own.double(), rtol=0, atol=1e-4)


def test_the_first_entry_is_none_and_each_other_holds_its_own_token(engine, prompts):
    [entries] = engine.score([prompts[0]])
    assert entries[0] is None
    assert all(token in entry for token, entry in zip(prompts[0][1:], entries[1:], strict=True))


def test_completions_end_with_the_end_token_or_at_the_limit(engine, prompts, tokenizer):
    for _, g in flat(prompts, engine.generate(prompts, 8, temperature=1.0, seed=2)):
        assert len(g.token_ids) == len(g.logps) <= CONFIG.max_completion_tokens
        assert tokenizer.eos_token_id not in g.token_ids[:-1]
        assert g.token_ids[-1] == tokenizer.eos_token_id or len(g.token_ids) == CONFIG.max_completion_tokens


def test_a_seed_repeats_and_another_differs(engine, prompts):
    first, again, other = (engine.generate(prompts, 8, temperature=1.0, seed=s) for s in (3, 3, 4))
    assert first == again
    assert first != other
    assert len({tuple(g.token_ids) for g in first[0]}) > 1  # a group is sampled, not copied


def test_greedy_is_the_most_likely_token(engine, prompts):
    policy = Policy(load_model(CONFIG))
    [[g]] = engine.generate(prompts[:1], 1, temperature=0.0, seed=0)
    ids = prompts[0] + g.token_ids
    with torch.no_grad():
        best = policy.model(torch.tensor([ids])).logits[0].argmax(-1)
    assert best[len(prompts[0]) - 1 : -1].tolist() == g.token_ids


def batch_of(prompts: list[list[int]], groups: list[list[Generated]]) -> Batch:
    pairs = flat(prompts, groups)
    zeros = torch.zeros(len(pairs))
    rewards = torch.randn(len(pairs), generator=torch.Generator().manual_seed(0))
    return collate([p for p, _ in pairs], [g.token_ids for _, g in pairs], [g.logps for _, g in pairs], rewards=rewards,
                   raw_rewards=zeros, formats=zeros, corrects=zeros, group_size=8, weight_version=0, pad=0)  # fmt: skip


def test_after_ten_updates_the_engine_and_the_trainer_agree(engine, prompts, reference: Functions, run):
    """Each update trains on what the engine just generated, and is published, loaded and verified: within 1e-4 nats."""
    policy = Policy(load_model(CONFIG))
    optimizer = torch.optim.AdamW(policy.parameters(), lr=CONFIG.learning_rate)
    publisher = weights.Publisher(run, CONFIG)
    probe = list(range(3, 35))
    before = None
    updates = 10 if engine._config.tensor_parallel_size == 1 else 2  # two processes and this one, on two cores, take long
    for version in range(1, updates + 1):
        batch = batch_of(prompts, engine.generate(prompts, 8, temperature=1.0, seed=version))
        view = batch.student_view() | {"refs": batch.gen_logps}
        policy.plen = batch.plen
        loss = reference.call("PPO_step", view, policy, beta=0.04, clip_param=0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        published = publisher.publish(
            version, weights.for_vllm(policy.model.state_dict(), CONFIG), probe, own_logps(policy, probe).tolist()
        )
        assert weights.newest(run) == published
        engine.load_weights(published)
        sequences = [prompt + g.token_ids for prompt, g in flat(prompts, engine.generate(prompts, 1, temperature=1.0, seed=0))]
        for ids, logps in zip(sequences, scored(engine, sequences), strict=True):
            torch.testing.assert_close(torch.tensor(logps), own_logps(policy, ids), rtol=0, atol=1e-4)
        if before is not None:
            assert before != scored(engine, sequences[:1])  # the policy does move
        before = scored(engine, sequences[:1])
    # What is announced but not what was sent is refused.
    wrong = weights.Published(published.version, published.path, probe, [lp - 0.01 for lp in published.probe_logps])
    with pytest.raises(WeightsError, match="did not arrive as they were sent"):
        engine.load_weights(wrong)
    shutil.rmtree((run.state / "scratch").read_text().strip())
