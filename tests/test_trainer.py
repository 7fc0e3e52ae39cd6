"""The trainer under the real deepspeed launcher, fed over HTTP with batches that the test knows."""

import json
import math
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import make_batch

from labkit import functions, supervise
from labkit.config import RunConfig, RunDir
from labkit.errors import FunctionsError, ProcessError, SetupError, StudentError
from labkit.metrics import FIELDS, read_jsonl
from labkit.policy import Policy
from labkit.ref_server import ReferenceServer
from labkit.trainer import Batches, Trainer, _check_loss, policy_to_train

slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (3.0, "returned float; it must return a scalar tensor"),
        (torch.zeros(4, requires_grad=True), r"a tensor of shape \(4,\)"),
        (torch.tensor(1.0), "no gradient flows"),
        (torch.tensor(math.nan, requires_grad=True), "returned nan"),
        (None, "returned NoneType"),
    ],
)
def test_a_loss_that_cannot_be_trained_on_is_named(loss, reason):
    with pytest.raises(FunctionsError, match=reason):
        _check_loss(loss)


class FakePublisher:
    """Wants weights published as soon as rows were taken: they made room for another batch."""

    on_request = True

    def __init__(self, batches: Batches) -> None:
        self.batches, self.came = batches, False

    def rows_come(self) -> None:
        self.batches._fetched.put(b"rows")
        self.came = True

    def wanted(self, step: int) -> bool:
        return self.came and self.batches._fetched.empty()


@pytest.mark.parametrize("starved", [True, False])
def test_a_starved_trainer_publishes_before_it_trains_on_the_rows_that_came(run, config, starved):
    """The rollout worker asks for weights at once; a trainer in the middle of a step would let it wait for the step's end."""
    batches = Batches(run, config, torch.device("cpu"), None)
    batches._publisher = publisher = FakePublisher(batches)
    if starved:
        threading.Timer(0.1, publisher.rows_come).start()
    else:
        publisher.rows_come()
    messages = [batches._message(0) for _ in range(1 + starved)]
    assert messages == ([b"publish", b"rows"] if starved else [b"rows"])


@contextmanager
def feeding(run: RunDir, config: RunConfig, policy: Policy, versions: list[int], first_seed: int):
    """A real reference server in this process, with one batch for each of `versions`; this process is the rollout
    worker and the supervisor."""
    server = ReferenceServer(replace(config, queue_size=len(versions)), policy, "token")
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    for seed, version in enumerate(versions, first_seed):
        server._room.acquire()
        server._arrived.put(make_batch(4, 4, seed=seed, weight_version=version))
    supervise.write_state(run, "ref_server", "ready", port=server.port, token="token")
    supervise.write_state(run, "rollout", "ready")
    supervise.write_state(run, supervise.SUPERVISOR, "ready")
    yield
    server.close()
    thread.join(5)


def train(
    path: Path, policy: Policy, given: functions.Functions, versions: list[int], *, first_seed: int = 0, **changes
) -> list[dict]:
    """Metrics of a trainer's run over one batch of 16 rollouts for each of `versions`; two optimizer steps a batch."""
    values = {"prompts_per_batch": 4, "group_size": 4, "rollouts_per_step": 8, "micro_batch_size": 4, "stall_timeout": 5.0,
              "optimizer_steps": 2 * len(versions)}  # fmt: skip
    config = RunConfig.create("tiny", **(values | changes))
    run = RunDir(path)
    if not run.config.exists():
        run.create(config)
    run.config.write_text(json.dumps(config.to_dict()))
    functions.dump(given, run.functions)
    with feeding(run, config, policy, versions, first_seed):
        done = subprocess.run(supervise.commands(run, config)["trainer"], env=supervise.environment(run, config, "trainer"),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)  # fmt: skip
    if (run.state / "scratch").exists():  # else it failed before it made any
        for scratch in (run.state / "scratch").read_text().split():
            subprocess.run(["rm", "-r", scratch], check=False)
        (run.state / "scratch").unlink()
    if (error := supervise.failure(run, "trainer")) is not None:
        raise error
    assert done.returncode == 0, done.stderr
    return read_jsonl(run.metrics)


@pytest.fixture(scope="module")
def one_rank(tmp_path_factory, policy, reference) -> list[dict]:
    return train(tmp_path_factory.mktemp("one") / "run", policy, reference, [0, 1])


@slow
def test_every_field_is_written_at_every_step(one_rank):
    assert [line["step"] for line in one_rank] == [1, 2, 3, 4]
    for line in one_rank:
        assert set(FIELDS) == set(line)
        assert all(math.isfinite(value) for value in line.values())
    assert [line["rollouts"] for line in one_rank] == [8, 16, 24, 32]
    assert [line["staleness"] for line in one_rank] == [0, 1, 1, 2]


@slow
def test_metrics_agree_with_the_batch(one_rank, policy):
    """Before the first update the policy is the reference model: KL 0, and the gap is that of the random gen_logps."""
    rows = make_batch(4, 4, seed=0).rows(0, 8)
    first, mask = one_rank[0], rows.completion_mask.bool()
    with torch.no_grad():
        own = policy.completion_logps(rows.inputs, rows.attention_mask, rows.plen, chunk_bytes=2**28)
    assert first["kl"] == pytest.approx(0, abs=1e-5)
    assert first["logprob_gap"] == pytest.approx((own - rows.gen_logps).abs()[mask].mean().item(), rel=1e-4)
    ratio = (own - rows.gen_logps).exp()
    assert first["clip_fraction"] == pytest.approx(((ratio - 1).abs() > 0.2)[mask].float().mean().item(), abs=1e-6)
    assert first["reward"] == pytest.approx(rows.raw_rewards.mean().item())
    assert first["completion_tokens"] == sum(rows.completion_lengths)
    groups = rows.raw_rewards.view(-1, 4)
    assert first["zero_variance_groups"] == pytest.approx((groups.std(1) == 0).float().mean().item())


@slow
def test_the_loss_is_that_of_PPO_step(one_rank, policy, reference):
    rows = make_batch(4, 4, seed=0).rows(0, 8)
    with torch.no_grad():
        refs = policy.completion_logps(rows.inputs, rows.attention_mask, rows.plen, chunk_bytes=2**28) * rows.completion_mask
    policy.plen = rows.plen
    expected = reference.call("PPO_step", replace(rows, refs=refs).student_view(), policy, beta=0.04, clip_param=0.2)
    assert one_rank[0]["loss"] == pytest.approx(expected.item(), rel=1e-4)


@slow
def test_two_ranks_have_the_same_losses_as_one(one_rank, tmp_path, policy, reference):
    two = train(tmp_path / "run", policy, reference, [0, 1], num_trainers=2)
    for alone, shared in zip(one_rank, two, strict=True):
        for name in ("loss", "kl", "entropy", "clip_fraction", "logprob_gap", "grad_norm", "reward", "completion_tokens"):
            assert shared[name] == pytest.approx(alone[name], rel=2e-4, abs=1e-6), (alone["step"], name)


@slow
def test_more_processes_than_the_run_is_prepared_for_are_refused(tmp_path, policy, reference, monkeypatch):
    """Each would take rows that are not its own."""
    monkeypatch.setattr(supervise, "ranks", lambda config: ["--num_accelerators", "2"])
    words = r"2 trainer processes were started, and the run is prepared for num_trainers=1: start 1 \(`deepspeed --num_gpus 1`"
    with pytest.raises(ProcessError, match=words):
        train(tmp_path / "run", policy, reference, [0])


@slow
def test_a_gradient_that_is_not_finite_ends_the_run(tmp_path, policy, reference):
    """The loss is finite: what is not is masked out of it."""
    source = tmp_path / "mine.py"
    source.write_text(
        "import torch\n\n\n"
        "def PPO_step(batch, engine, *, beta, clip_param):\n"
        "    logits = engine(batch['inputs'], attention_mask=batch['attention_mask']).logits\n"
        "    zero = (logits - logits.detach()).sum()\n"
        "    return zero + torch.where(torch.tensor(True), zero, zero.sqrt())\n"
    )
    mine = functions._Definitions(source).get(["PPO_step"])["PPO_step"]
    given = functions.collect({**reference.by_name, "PPO_step": mine}, "grpo")
    with pytest.raises(ProcessError, match="the gradient of PPO_step's loss is not finite, though the loss is"):
        train(tmp_path / "run", policy, given, [0])


@slow
def test_batches_that_are_too_stale_are_dropped_and_counted(tmp_path, policy, reference):
    lines = train(tmp_path / "run", policy, reference, [0, 0, 3], max_staleness=1, optimizer_steps=4)
    assert [line["staleness"] for line in lines] == [0, 1, -1, 0]
    assert [line["dropped"] for line in lines] == [0, 0, 16, 16]


@slow
def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(one_rank, tmp_path, policy, reference):
    """Stops after two of four steps, with a checkpoint; then takes the second batch alone."""
    path = tmp_path / "run"
    train(path, policy, reference, [0], checkpoint_every=2)
    (path / "state" / "trainer.json").unlink()
    lines = train(path, policy, reference, [1], first_seed=1, checkpoint_every=2, optimizer_steps=4)
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    for alone, resumed in zip(one_rank, lines, strict=True):
        for name in ("loss", "kl", "grad_norm"):
            assert resumed[name] == pytest.approx(alone[name], rel=1e-4, abs=1e-7), (alone["step"], name)
    assert (path / "checkpoints" / "policy" / "model.safetensors").exists()


@slow
def test_a_students_error_is_told_with_their_line(tmp_path, policy, reference):
    source = tmp_path / "mine.py"
    source.write_text("def PPO_step(batch, engine, *, beta, clip_param):\n    return batch['reward'].mean()\n")
    mine = functions._Definitions(source).get(["PPO_step"])["PPO_step"]
    given = functions.collect({**reference.by_name, "PPO_step": mine}, "grpo")
    with pytest.raises(StudentError, match="PPO_step raised KeyError") as caught:
        train(tmp_path / "run", policy, given, [0])
    assert "batch['reward'].mean()" in caught.value.student_traceback


@slow
def test_a_trainer_without_batches_says_so(tmp_path, policy, reference):
    with pytest.raises(ProcessError, match="no batch came for"):
        train(tmp_path / "run", policy, reference, [0], optimizer_steps=4)


def test_gradient_checkpointing_computes_again_and_changes_no_gradient():
    gradients, layers = {}, 0
    for on in (False, True):
        policy = policy_to_train(RunConfig.create("tiny", gradient_checkpointing=on)).double()
        for layer in policy.model.model.layers if on else ():
            inner = layer._gradient_checkpointing_func

            def counted(*arguments, inner=inner, **keywords):
                nonlocal layers
                layers += 1
                return inner(*arguments, **keywords)

            layer._gradient_checkpointing_func = counted
        batch = make_batch(4, 4)
        logps = policy.completion_logps(batch.inputs, batch.attention_mask, batch.plen)
        (logps * batch.completion_mask).sum().backward()
        gradients[on] = [p.grad for p in policy.parameters()]
    assert layers == policy.model.config.num_hidden_layers
    for plain, again in zip(gradients[False], gradients[True], strict=True):
        torch.testing.assert_close(plain, again, rtol=1e-12, atol=1e-12)


def test_too_little_memory_says_what_to_lower():
    def PPO_step(batch, engine, *, beta, clip_param):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    def not_written(batch, engine, *, beta, clip_param):
        raise NotImplementedError("replace this line")

    trainer = object.__new__(Trainer)
    trainer.config = RunConfig.create("tiny")
    given = functions.Functions({"PPO_step": PPO_step, "not_written": not_written}, {})
    message = "does not suffice for 64 rollouts.*20.00 GiB.*lower micro_batch_size, which is 64"
    with pytest.raises(SetupError, match=message), trainer._room():
        given.call("PPO_step", {}, None, beta=0.0, clip_param=0.2)
    with pytest.raises(StudentError, match="NotImplementedError"), trainer._room():
        given.call("not_written", {}, None, beta=0.0, clip_param=0.2)
