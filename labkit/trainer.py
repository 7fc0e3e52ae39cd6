"""The trainer: pulls batches from the reference server and trains the policy with the `PPO_step` it was given.

    deepspeed --num_gpus N --module labkit.trainer --run DIR

An optimizer step takes `rollouts_per_step` rollouts, in micro-batches that are spread over the trainer's processes
(ranks). Rank 0 fetches, logs and publishes. Where `checkpoints/` holds a checkpoint, training goes on from it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, distributed

from labkit import functions, supervise, wire
from labkit.client import ReferenceClient
from labkit.config import RunConfig, RunDir, write_atomic
from labkit.errors import FunctionsError, SetupError, StudentError, WireError
from labkit.functions import Functions
from labkit.metrics import JsonlWriter, read_jsonl
from labkit.policy import Policy, PolicyOutput, chunks, load_model, load_tokenizer, logps_and_entropy, token_logps
from labkit.transfer import make_publisher
from labkit.weights import Publisher
from labkit.wire import Batch

log = logging.getLogger(__name__)

NAME = "trainer"
PROBE_TOKENS = 32
CHECKPOINTS_KEPT = 2
LOOK = 0.02  # seconds between two looks whether weights are wanted, while no batch is there
_END, _PUBLISH = b"end", b"publish"  # rank 0's words to all ranks; anything else is rollouts


class Batches:
    """Optimizer steps' worth of rollouts, in order of arrival; the same on every rank.

    A thread of rank 0 waits for the server, so that meanwhile rank 0 notices when the rollout worker wants weights.
    """

    def __init__(self, run: RunDir, config: RunConfig, device: torch.device, publisher: Publisher | None) -> None:
        self._config, self._device, self._publisher = config, device, publisher
        self._fetched: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
        self._free = threading.Semaphore(0)  # optimizer steps' rollouts that may be fetched
        self._under_way = False  # whether rollouts were asked for and have not been taken
        self.dropped = 0
        if publisher:
            client = ReferenceClient(run, config, peer="rollout")
            threading.Thread(target=self._fetch_forever, args=(client,), name="batches", daemon=True).start()

    def next(self, step: int, publish: Callable[[], None]) -> Batch | None:
        """Rollouts for optimizer step `step + 1`, none staler than `max_staleness`; None where the run was stopped.

        Where weights are wanted before they are there, `publish` is called, on every rank.
        """
        while True:
            message = self._broadcast(self._message(step) if self._publisher else b"")
            if message == _END:
                return None
            if message == _PUBLISH:
                publish()
                continue
            rows, size = wire.decode(message), self._config.rollouts_per_step
            if len(rows.inputs) != size:
                raise WireError(f"{len(rows.inputs)} rollouts came; an optimizer step takes {size} of them")
            staleness = step - rows.weight_version
            if staleness <= self._config.max_staleness:
                if self._config.prefetch:
                    self._ask()
                return rows
            self.dropped += len(rows.inputs)
            if self._publisher:
                log.info(
                    "dropped %d rollouts: %d steps stale, max_staleness is %d",
                    len(rows.inputs),
                    staleness,
                    self._config.max_staleness,
                )

    def _message(self, step: int) -> bytes:
        """What all ranks do next: publish, take rollouts (their bytes), or end."""
        assert self._publisher is not None
        starved = False
        while not self._publisher.wanted(step):
            self._ask()
            try:
                fetched = self._fetched.get(timeout=LOOK)
            except queue.Empty:
                starved = True
                continue
            if isinstance(fetched, Exception):
                raise fetched
            if starved and self._publisher.on_request:
                # If these rows made room for a batch, the rollout worker asks for weights now: not to wait for a whole step.
                time.sleep(LOOK)
                if self._publisher.wanted(step):
                    self._fetched.put(fetched)
                    break
            self._under_way = False
            return _END if fetched is None else fetched
        return _PUBLISH

    def _ask(self) -> None:
        """Have the next rollouts fetched, where that has not been asked for yet."""
        if not self._under_way:
            self._under_way = True
            self._free.release()

    def _fetch_forever(self, client: ReferenceClient) -> None:
        while self._free.acquire():
            try:
                blob = client.get()
            except Exception as error:  # noqa: BLE001 - raised again where the batch is waited for
                self._fetched.put(error)
                return
            self._fetched.put(blob)

    def _broadcast(self, data: bytes) -> bytes:
        """Rank 0's bytes on every rank."""
        if distributed.get_world_size() == 1:
            return data
        size = torch.tensor([len(data)], device=self._device)
        distributed.broadcast(size, 0)
        buffer = torch.frombuffer(bytearray(data or int(size)), dtype=torch.uint8).to(self._device)
        distributed.broadcast(buffer, 0)
        return buffer.cpu().numpy().tobytes()


class Trainer:
    """The DeepSpeed engine around the policy, and one optimizer step at a time."""

    def __init__(self, config: RunConfig, given: Functions, learning: Policy, engine: Any) -> None:
        self.config, self.policy, self.engine = config, learning, engine
        self._functions = given
        self._output: PolicyOutput | None = None
        learning.register_forward_hook(self._keep)

    def _keep(self, module: Any, args: Any, output: PolicyOutput) -> None:
        self._output = PolicyOutput(output.logits.detach())

    def step(self, rows: Batch, learning_rate: float) -> dict[str, float]:
        """One optimizer step on `rollouts_per_step` rollouts; every rank takes its micro-batches.

        Returns means over all ranks, `metrics.FIELDS` by name. Raises StudentError where PPO_step raises, FunctionsError
        where it returns no finite scalar that depends on the policy.
        """
        for group in self.engine.optimizer.param_groups:
            group["lr"] = learning_rate
        rank, size = distributed.get_rank(), self.config.micro_batch_size
        sums = torch.zeros(6, dtype=torch.float64, device=self.engine.device)
        for index in range(self.config.gradient_accumulation):
            start = (index * self.config.num_trainers + rank) * size
            micro = {name: value.to(self.engine.device) if isinstance(value, Tensor) else value
                     for name, value in rows.rows(start, start + size).student_view().items()}  # fmt: skip
            self.policy.plen = rows.plen
            with self._room():
                loss = self._functions.call(
                    "PPO_step", micro, self.engine, beta=self.config.beta, clip_param=self.config.clip_param
                )
                _check_loss(loss)
                self.engine.backward(loss)
                sums += self._measure(micro, loss)  # with the weights of the forward pass
                self.engine.step()
        if self.config.num_trainers > 1:
            distributed.all_reduce(sums)
        loss_sum, tokens, *totals = sums.tolist()
        kl, clipped, entropy, gap = (total / max(tokens, 1) for total in totals)
        grad_norm = float(self.engine.get_global_grad_norm())
        _check_gradient(grad_norm)
        return {"loss": loss_sum / (self.config.gradient_accumulation * self.config.num_trainers), "kl": kl,
                "clip_fraction": clipped, "entropy": entropy, "logprob_gap": gap,
                "grad_norm": grad_norm, "completion_tokens": int(tokens)}  # fmt: skip

    @contextlib.contextmanager
    def _room(self) -> Iterator[None]:
        """Says what to do where the GPU's memory does not suffice, in PPO_step or beside it."""
        try:
            yield
        except (torch.OutOfMemoryError, StudentError) as error:
            if isinstance(error, StudentError) and not isinstance(error.__cause__, torch.OutOfMemoryError):
                raise
            size = self.config.micro_batch_size
            raise SetupError(
                f"the GPU's memory does not suffice for {size} rollouts at a time ({str(error).splitlines()[0]}); lower "
                f"micro_batch_size, which is {size}, or set gradient_checkpointing=true, or offload=true"
            ) from error

    @torch.no_grad()
    def _measure(self, micro: dict[str, Any], loss: Tensor) -> Tensor:
        """Sums over a micro-batch: loss, completion tokens, then kl, clipped, entropy and gap over those tokens."""
        inputs, plen, mask = micro["inputs"], micro["plen"], micro["completion_mask"].bool()
        if self._output is None or self._output.logits.shape[:2] != inputs.shape:
            self.engine(inputs, attention_mask=micro["attention_mask"])  # PPO_step called the engine in its own way
        assert self._output is not None
        logits, self._output = self._output.logits[:, plen - 1 : -1][mask], None  # (N, V)
        tokens = inputs[:, plen:][mask]  # (N,)
        parts = chunks(logits, tokens, self.config.logits_chunk_bytes)
        current, entropy = torch.cat([torch.stack(logps_and_entropy(*part)) for part in parts], dim=1)  # (N,) each
        towards_ref = micro["refs"][mask] - current
        log_ratio = current - micro["gen_logps"][mask]
        per_token = torch.stack([
            towards_ref.exp() - towards_ref - 1,
            ((log_ratio.exp() - 1).abs() > self.config.clip_param).float(),
            entropy,
            log_ratio.abs(),
        ])  # fmt: skip
        counts = torch.tensor([loss.detach(), len(tokens)], dtype=torch.float64, device=inputs.device)
        return torch.cat([counts, per_token.double().sum(1)])

    @contextlib.contextmanager
    def weights(self) -> Iterator[Mapping[str, Tensor]]:
        """The policy's whole state by name, on every rank; gathered meanwhile where ZeRO-3 has sharded it."""
        with contextlib.ExitStack() as stack:
            if self.config.zero_stage == 3:
                import deepspeed

                stack.enter_context(deepspeed.zero.GatheredParameters(list(self.policy.parameters())))
            yield dict(self.policy.model.named_parameters())

    @torch.no_grad()
    def probe(self, ids: list[int]) -> list[float]:
        """The policy's own log-probs of `ids[1:]`."""
        self.policy.plen = 0
        row = torch.tensor([ids], device=self.engine.device)
        logps = token_logps(self.engine(row).logits[:, :-1], row[:, 1:])
        self._output = None
        return [float(lp) for lp in logps[0]]


def _check_loss(loss: Any) -> None:
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        found = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise FunctionsError(
            f"PPO_step returned {found}; it must return a scalar tensor: average over tokens, then over the batch"
        )
    if not loss.requires_grad:
        raise FunctionsError(
            "PPO_step's loss does not depend on the policy: no gradient flows. Are log-probs under `.detach()` or `no_grad`?"
        )
    if not math.isfinite(loss.item()):
        raise FunctionsError(f"PPO_step returned {loss.item()}; look for a division by zero, or exp() of a large log-ratio")


def _check_gradient(norm: float) -> None:
    if not (math.isfinite(norm) and norm >= 0):  # DeepSpeed says -1, too
        raise FunctionsError(
            "the gradient of PPO_step's loss is not finite, though the loss is; look for a division by zero, sqrt(0) or log(0) "
            "whose value is masked out later: a mask hides a value, not its gradient"
        )


def make_engine(config: RunConfig, learning: Policy) -> Any:
    """DeepSpeed's engine for the policy. Raises SetupError where torch sees none of the GPUs that the run is to use, or where
    more or fewer processes were started than it is prepared for."""
    if config.device == "cpu":
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
    if config.device == "cuda" and not torch.cuda.is_available():
        raise SetupError(
            f"preset {config.preset!r} trains on a GPU, and torch {torch.__version__} sees none; see `labkit doctor`"
        )
    import deepspeed

    deepspeed.utils.logger.setLevel(logging.WARNING)
    if config.device == "cpu":  # its shared-memory kernels would be compiled; a laptop has no compiler, and gloo will do
        import deepspeed.ops

        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(dist_backend="nccl" if config.device == "cuda" else "gloo")
    started, wanted = distributed.get_world_size(), config.num_trainers
    if started != wanted:
        how = f"do the slots of hostfile {config.hostfile!r} sum to {wanted}?" if config.hostfile else (
            f"start {wanted} (`deepspeed --num_gpus {wanted}`, or as many in --include), or prepare the run with "
            f"num_trainers={started}"
        )  # fmt: skip
        raise SetupError(f"{started} trainer processes were started, and the run is prepared for num_trainers={wanted}: {how}")
    zero: dict[str, Any] = {"stage": config.zero_stage}
    if config.offload:
        zero["offload_optimizer"] = {"device": "cpu"}
    settings = {
        "train_micro_batch_size_per_gpu": config.micro_batch_size,
        "gradient_accumulation_steps": config.gradient_accumulation,
        "gradient_clipping": config.max_grad_norm,
        "zero_optimization": zero,
        # Without a loss scale there is nothing to skip; `_check_gradient` says what is wrong, by the norm that is known anyway.
        "bf16": {"enabled": config.dtype == "bfloat16", "check_grad_overflow": False},
        "zero_force_ds_cpu_optimizer": False,  # would be compiled
        "zero_allow_untested_optimizer": True,
    }
    on_gpu = config.device == "cuda"
    optimizer = torch.optim.AdamW(learning.parameters(), lr=config.learning_rate, weight_decay=0.0, fused=on_gpu)
    engine, *_ = deepspeed.initialize(model=learning, optimizer=optimizer, config=settings)
    return engine


def policy_to_train(config: RunConfig) -> Policy:
    """The policy, with gradient checkpointing where the configuration asks for it. Raises SetupError as `load_model` does."""
    policy = Policy(load_model(config), lazy=config.zero_stage < 3)
    if config.gradient_checkpointing:
        policy.model.gradient_checkpointing_enable()
        policy.model.train()  # out of training transformers keeps all activations; dropout it has none
    return policy


def train(run: RunDir, config: RunConfig) -> None:
    torch.set_num_threads(config.trainer_threads)
    torch.manual_seed(config.seed)
    os.environ.setdefault("LOCAL_RANK", "0")
    given = functions.load(run.functions)
    learning = policy_to_train(config)
    trainer = Trainer(config, given, learning, make_engine(config, learning))
    first = distributed.get_rank() == 0
    done = _resume(run, trainer)
    publisher = make_publisher(run, config) if first else None
    batches = Batches(run, config, trainer.engine.device, publisher)
    batches.dropped = done["dropped"]
    probe_ids = [int(i) for i in torch.arange(PROBE_TOKENS) * 7 % learning.model.config.vocab_size]

    def publish(last: bool = False) -> None:
        logps = trainer.probe(probe_ids)
        with trainer.weights() as tensors:
            if publisher:
                (publisher.store if last else publisher.publish)(done["step"], tensors, probe_ids, logps)

    metrics = JsonlWriter(run.metrics) if first else None
    if first:
        supervise.write_state(run, NAME, "ready", steps=config.optimizer_steps)
    started = time.monotonic() - done["seconds"]
    for step in range(done["step"], config.optimizer_steps):
        clock = _Clock()
        published = 0.0

        def publish_timed() -> None:
            nonlocal published
            inner = _Clock()
            publish()
            published += inner.lap()

        rows = batches.next(step, publish_timed)
        if rows is None:
            log.info("stopped after %d of %d optimizer steps", step, config.optimizer_steps)
            break
        waiting = clock.lap() - published
        learning_rate = config.learning_rate * min(1.0, (step + 1) / max(1, config.warmup_steps))
        measured = trainer.step(rows, learning_rate)
        training = clock.lap()
        done.update(step=step + 1, rollouts=done["rollouts"] + len(rows.inputs), dropped=batches.dropped)
        done["seconds"] = time.monotonic() - started
        if metrics:
            metrics.write({
                "step": step + 1, "time": round(time.time(), 3), "seconds": round(done["seconds"], 3),
                **describe(rows), **measured, "learning_rate": learning_rate, "weight_version": rows.weight_version,
                "staleness": step - rows.weight_version, "rollouts": done["rollouts"], "dropped": done["dropped"],
                "seconds_waiting": round(waiting, 4), "seconds_training": round(training, 4),
                "seconds_publishing": round(published, 4),
            })  # fmt: skip
        if config.checkpoint_every and (step + 1) % config.checkpoint_every == 0:
            _save(run, trainer, done)
    if config.device == "cuda":
        taken = (torch.cuda.max_memory_allocated() / 2**30, torch.cuda.max_memory_reserved() / 2**30)
        log.info("most GPU memory: %.1f GiB of tensors, %.1f GiB with what the allocator keeps", *taken)
    publish(last=True)
    with trainer.weights() as tensors:
        if first:
            _save_policy(run, config, learning, tensors)


def describe(rows: Batch) -> dict[str, float | None]:
    """What the batch itself says of the policy that generated it."""
    groups = rows.raw_rewards.view(-1, rows.group_size)
    uninformative = (groups == groups[:, :1]).all(1).double().mean().item() if rows.group_size > 1 else None
    return {"reward": rows.raw_rewards.mean().item(), "format": rows.formats.mean().item(),
            "correct": rows.corrects.mean().item(), "zero_variance_groups": uninformative,
            "completion_length": sum(rows.completion_lengths) / len(rows.completion_lengths)}  # fmt: skip


class _Clock:
    def __init__(self) -> None:
        self._last = time.monotonic()

    def lap(self) -> float:
        """Seconds since the last call."""
        now = time.monotonic()
        last, self._last = self._last, now
        return now - last


def _save(run: RunDir, trainer: Trainer, done: dict[str, Any]) -> None:
    """A checkpoint of weights, optimizer and counts, after optimizer step `done["step"]`; the last few are kept."""
    trainer.engine.save_checkpoint(str(run.checkpoints), tag=f"step_{done['step']:06d}", client_state=dict(done))
    if distributed.get_rank() == 0:
        for old in sorted(run.checkpoints.glob("step_*"))[:-CHECKPOINTS_KEPT]:
            shutil.rmtree(old)


def _resume(run: RunDir, trainer: Trainer) -> dict[str, Any]:
    """Counts to go on from: those of the newest checkpoint, zeros where there is none. Later metrics are cut off."""
    if not (run.checkpoints / "latest").exists():
        return {"step": 0, "rollouts": 0, "dropped": 0, "seconds": 0.0}
    _, kept = trainer.engine.load_checkpoint(str(run.checkpoints))
    done = {name: kept[name] for name in ("step", "rollouts", "dropped", "seconds")}
    if distributed.get_rank() == 0:
        lines = [json.dumps(line) + "\n" for line in read_jsonl(run.metrics) if line["step"] <= done["step"]]
        write_atomic(run.metrics, "".join(lines))
        log.info("going on after optimizer step %d", done["step"])
    return done


def _save_policy(run: RunDir, config: RunConfig, learning: Policy, tensors: Mapping[str, Tensor]) -> None:
    """The trained policy as a model directory, `checkpoints/policy`, that transformers and vLLM open."""
    learning.model.save_pretrained(run.checkpoints / "policy", state_dict=dict(tensors))
    load_tokenizer(config).save_pretrained(run.checkpoints / "policy")


if __name__ == "__main__":
    supervise.process_main(NAME, train)
