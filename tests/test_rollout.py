"""The worker that `gen_worker` sees, on a recorded engine: what is uploaded, and how misuse is named."""

import re
from dataclasses import replace

import pytest
import torch

from labkit import functions
from labkit.cli import REFERENCE
from labkit.engines import Generated
from labkit.errors import FunctionsError, StudentError
from labkit.functions import Functions
from labkit.metrics import read_jsonl
from labkit.rollout import Worker


class FakeEngine:
    """A fake: answers from a list, with log-probs that tell token and place; records what it was asked."""

    def __init__(self, tokenizer, answers: list[str], sampled: float | None = None) -> None:
        self._sampled = sampled
        self._ids = [tokenizer(a, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id] for a in answers]
        self.asked: list[tuple[int, int, float, int]] = []

    def generate(self, prompts, n, *, temperature, seed):
        self.asked.append((len(prompts), n, temperature, seed))
        ids = iter(self._ids * len(prompts) * n)
        return [
            [Generated(i := next(ids), [-t / 1000 if self._sampled is None else self._sampled for t in i]) for _ in range(n)]
            for _ in prompts
        ]

    def score(self, sequences):
        return [[None, *({0: 9.0, token: -token / 1000} for token in ids[1:])] for ids in sequences]


class FakeClient:
    """A fake: keeps what is uploaded; the run ends after one batch."""

    def __init__(self) -> None:
        self.batches, self.waits = [], []

    def upload(self, batch) -> bool:
        self.batches.append(batch)
        return True

    def wait_for_room(self) -> None:
        self.waits.append("room")

    def wait_until_scored(self) -> None:
        self.waits.append("scored")

    def ended(self) -> bool:
        return bool(self.batches)


ANSWERS = ["<think>1</think><answer>7</answer>", "The answer is 7.", "no number"]


@pytest.fixture
def worker(run, config, reference, tokenizer):
    return Worker(run, config, reference, FakeEngine(tokenizer, ANSWERS), tokenizer, FakeClient())


def test_the_ppo_worker_takes_one_rollout_per_prompt_and_each_tokens_own_log_prob(run, config, tokenizer):
    """The recorded engine puts another token first into each entry, and says nothing useful at sampling."""
    config = replace(config, algorithm="ppo", prompts_per_batch=16, group_size=1)
    given = functions.load_path(REFERENCE, "ppo")
    engine = FakeEngine(tokenizer, ANSWERS, sampled=7.0)
    worker = Worker(run, config, given, engine, tokenizer, FakeClient())
    given.call("gen_worker", worker)
    [batch] = worker._client.batches
    assert engine.asked[0][:3] == (16, 1, 1.0)
    expected = -batch.inputs[:, batch.plen :].float() / 1000 * batch.completion_mask
    torch.testing.assert_close(batch.gen_logps, expected)
    torch.testing.assert_close(batch.rewards, batch.raw_rewards)


def test_the_grpo_worker_uploads_what_the_engine_said(worker: Worker, reference: Functions, run, tokenizer):
    reference.call("gen_worker", worker)
    [batch] = worker._client.batches
    assert worker._engine.asked[0][:3] == (4, 4, 1.0)
    assert batch.inputs.shape[0] == 16
    # Each token's log-prob is its id over -1000: at the right place, the end token's included, zero on padding.
    expected = -batch.inputs[:, batch.plen :].float() / 1000 * batch.completion_mask
    torch.testing.assert_close(batch.gen_logps, expected)
    texts = tokenizer.batch_decode(batch.inputs[:, batch.plen :], skip_special_tokens=True)
    assert texts == (ANSWERS * 6)[:16]
    assert batch.formats.tolist() == [float(t == ANSWERS[0]) for t in texts]
    raw = batch.raw_rewards.view(4, 4)
    torch.testing.assert_close(batch.rewards.view(4, 4), reference.call("normalize_group_rewards", raw))
    assert {"problem", "completion", "reward_format", "reward_correct"} <= set(read_jsonl(run.samples)[0])


@pytest.mark.parametrize(("changes", "waits"), [({}, ["room", "scored"]), ({"reference_device": 1}, ["room"])])
def test_on_one_gpu_the_reference_model_and_the_engine_take_turns(run, config, reference, tokenizer, changes, waits):
    config = replace(config, device="cuda", **changes)
    worker = Worker(run, config, reference, FakeEngine(tokenizer, ANSWERS), tokenizer, FakeClient())
    worker.update_policy()
    assert worker._client.waits == waits
    worker = Worker(run, replace(config, device="cpu"), reference, FakeEngine(tokenizer, ANSWERS), tokenizer, FakeClient())
    worker.update_policy()
    assert worker._client.waits == ["room"]


def test_calls_have_seeds_of_their_own(worker: Worker):
    prompts = [item["Q"] for item in worker.sample_problems()]
    for _ in range(3):
        worker.generate(prompts, n=4)
    seeds = [seed for *_, seed in worker._engine.asked]
    assert len(set(seeds)) == 3


def test_problems_differ_from_call_to_call_and_repeat_with_the_seed(run, config, reference, tokenizer):
    def draw():
        worker = Worker(run, config, reference, FakeEngine(tokenizer, ANSWERS), tokenizer, FakeClient())
        return [worker.sample_problems() for _ in range(2)]

    first, again = draw(), draw()
    assert first == again
    assert first[0] != first[1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: a.update(rewards=[[1.0] * 3] * 4), r"rewards have shape \(4, 3\); with these rollouts it must be \(4, 4\)"),
        (lambda a: a.update(rewards=[[float("nan")] * 4] * 4), "16 of 16 rewards are not finite"),
        (lambda a: a.update(items=a["items"][:2], rollouts=a["rollouts"][:2]), r"2 problems.*a batch of this run is \(4, 4\)"),
        (lambda a: a.update(rollouts=[g[:1] for g in a["rollouts"]]), r"rollouts of shape \(4, 1\)"),
        (lambda a: a["gen_logps"][0][0].pop(), r"rollout 0: \d+ completion tokens, but \d+ gen_logps"),
        (lambda a: a["gen_logps"][3][1].__setitem__(0, float("nan")), "1 of gen_logps are not finite"),
        (lambda a: a["gen_logps"][0].pop(), "16 completions of 16 prompts, but gen_logps of 15"),
    ],
)
def test_a_wrong_upload_is_named(worker: Worker, change, reason):
    items = worker.sample_problems()
    rollouts = worker.generate([item["Q"] for item in items], n=4)
    arguments = {"items": items, "rollouts": rollouts, "rewards": [[1.0] * 4] * 4,
                 "gen_logps": [[list(r.logps) for r in group] for group in rollouts]}  # fmt: skip
    change(arguments)
    with pytest.raises(FunctionsError, match=reason):
        worker.upload(**arguments)
    assert not worker._client.batches


def test_a_prompt_that_is_no_text_or_too_long_is_named(worker: Worker):
    with pytest.raises(FunctionsError, match="a prompt is dict, it must be text"):
        worker.generate(worker.sample_problems())
    with pytest.raises(FunctionsError, match="max_prompt_tokens is 96"):
        worker.generate(["why " * 200])


@pytest.mark.parametrize("returned", [None, float("nan"), "1.25", [1.0, 2.0]])
def test_a_reward_that_is_no_number_is_named(worker: Worker, reference, returned):
    """Before the first batch, when the held-out problems are answered, and with each upload."""
    worker._functions = Functions({**reference.by_name, "reward_format": lambda answer: returned}, {__file__: ""})
    reason = f"reward_format returned {re.escape(repr(returned))} for the completion '.*a branch lack its return"
    with pytest.raises(FunctionsError, match=reason):
        worker.answer_heldout()
    items = worker.sample_problems()
    rollouts = worker.generate([item["Q"] for item in items], n=4)
    with pytest.raises(FunctionsError, match=reason):
        worker.upload(items, rollouts, [[0.0] * 4] * 4, [[r.logps for r in group] for group in rollouts])


def test_a_reward_that_raises_is_the_students_error(worker: Worker, reference):
    def reward_correct(item, answer):
        return 1 / 0

    worker._functions = Functions({**reference.by_name, "reward_correct": reward_correct}, {__file__: ""})
    items = worker.sample_problems()
    rollouts = worker.generate([item["Q"] for item in items], n=4)
    with pytest.raises(StudentError, match="reward_correct raised ZeroDivisionError"):
        worker.upload(items, rollouts, [[0.0] * 4] * 4, [[r.logps for r in group] for group in rollouts])
