"""The rollout worker: runs the `gen_worker(worker)` it was given against a generation engine.

    python -m labkit.rollout --run DIR

`Worker` is what that function sees. Before the first rollout and after the last, the policy answers held-out problems.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch

from labkit import functions, problems, supervise, weights, wire
from labkit.client import ReferenceClient
from labkit.config import RunConfig, RunDir
from labkit.engines import Engine, create
from labkit.errors import FunctionsError, WireError
from labkit.functions import Functions
from labkit.metrics import JsonlWriter, read_jsonl
from labkit.policy import load_tokenizer

log = logging.getLogger(__name__)

NAME = "rollout"
PHASES = ("wait", "update_policy", "generate", "score", "upload")  # wait, upload: for the server


@dataclass(frozen=True)
class Rollout:
    """One completion of one prompt. Lengths: `prompt_ids` plen of this prompt, `completion_ids` and `logps` alike."""

    prompt: str  # the question, as it was given to `generate`
    prompt_ids: list[int]  # the chat template around it, tokenized
    completion_ids: list[int]  # sampled tokens, the end-of-sequence token included
    completion: str  # their text, without special tokens
    logps: list[float]  # log-prob of each completion token when it was sampled
    weight_version: int  # of the policy that sampled it

    @property
    def token_ids(self) -> list[int]:
        """Prompt and completion, what `score` takes."""
        return self.prompt_ids + self.completion_ids


class Worker:
    """What `gen_worker` works with: problems, the policy's completions, their log-probs, and where to send them."""

    def __init__(self, run: RunDir, config: RunConfig, given: Functions, engine: Engine, tokenizer: Any,
                 client: ReferenceClient) -> None:  # fmt: skip
        self.config = config
        self.group_size = config.group_size
        self.weight_version = 0
        self._run, self._functions, self._engine = run, given, engine
        self._tokenizer, self._client = tokenizer, client
        seed = config.seed + 1_000_003 * len(read_jsonl(run.metrics))  # a resumed run draws other problems
        self._problems = problems.sampler(config, "train", seed)
        self._samples, self._phases = JsonlWriter(run.samples), JsonlWriter(run.rollout_phases)
        self._updates = JsonlWriter(run.weight_updates)
        self._seconds = dict.fromkeys(PHASES, 0.0)
        self._seed = seed * 1_000_003
        self._calls = 0

    def running(self) -> bool:
        """False once the trainer has taken its last step, or the run was asked to stop."""
        return not self._client.ended()

    def update_policy(self) -> int:
        """Take over the newest weights that the trainer has published; returns the version now in use.

        Waits until the reference server has room for the batch to come: rollouts made any earlier would only lie there
        and grow stale. Where the reference model shares this worker's GPU, the two take turns: side by side both would be
        slower, and the trainer would wait for rows that are half scored.
        """
        with self._timed("wait"):
            self._client.wait_for_room()
            if self.config.weight_transfer == "disk":
                published = weights.newest(self._run)
            else:
                published = weights.ask(self._run, self.weight_version, lambda: not self.running())
        self._take_over(published)
        if self.config.generates_beside_reference:
            with self._timed("wait"):
                self._client.wait_until_scored()
        return self.weight_version

    def _take_over(self, published: weights.Published | None) -> None:
        if published is None or published.version <= self.weight_version:
            return
        started = time.monotonic()
        with self._timed("update_policy"):
            gap = self._engine.load_weights(published)
            weights.taken(self._run, published)
        self.weight_version = published.version
        self._updates.write({"weight_version": published.version, "time": round(time.time(), 3), "probe_gap": gap,
                             "seconds": round(time.monotonic() - started, 4)})  # fmt: skip

    def sample_problems(self) -> list[problems.Problem]:
        """The next `prompts_per_batch` problems, each with a question "Q" and the exact answer "A"."""
        return [next(self._problems) for _ in range(self.config.prompts_per_batch)]

    def generate(self, prompts: Sequence[str], n: int = 1) -> list[list[Rollout]]:
        """`n` sampled rollouts for each question of `prompts`, at the run's temperature.

        Raises FunctionsError for a prompt that is no text, or longer than `max_prompt_tokens`.
        """
        ids = [self._encode(prompt) for prompt in prompts]
        self._calls += 1
        seed = self._seed + self._calls * len(prompts) * n
        with self._timed("generate"):
            groups = self._engine.generate(ids, n, temperature=self.config.temperature, seed=seed)
        texts = iter(self._tokenizer.batch_decode([g.token_ids for group in groups for g in group], skip_special_tokens=True))
        return [
            [Rollout(prompt, prompt_ids, g.token_ids, next(texts), g.logps, self.weight_version) for g in group]
            for prompt, prompt_ids, group in zip(prompts, ids, groups, strict=True)
        ]

    def score(self, token_ids: Sequence[list[int]]) -> list[list[dict[int, float] | None]]:
        """vLLM's `prompt_logprobs` of each sequence: entry `t` maps token ids, the sequence's own among them, to the
        log-prob given the tokens before `t`. Entry 0 is None: nothing stands before it."""
        with self._timed("score"):
            return self._engine.score(token_ids)

    def upload(self, items: Sequence[problems.Problem], rollouts: Sequence[Sequence[Rollout]], rewards: Any,
               gen_logps: Sequence[Sequence[Sequence[float]]]) -> None:  # fmt: skip
        """Send a batch to the reference server; waits while its queue is full.

        `rollouts[i][j]` is the j-th rollout of `items[i]`, `rewards[i][j]` what the loss takes as its advantage, and
        `gen_logps[i][j]` one log-prob per completion token. Raises FunctionsError where shapes or values do not fit.
        """
        shape = (self.config.prompts_per_batch, self.group_size)
        found = (len(rollouts), *sorted({len(group) for group in rollouts}))
        if len(items) != shape[0] or found != shape:
            raise FunctionsError(
                f"upload: {len(items)} problems, and rollouts of shape {found} (problems, rollouts of each); "
                f"a batch of this run is {shape}"
            )
        advantages = torch.as_tensor(rewards, dtype=torch.float32).detach().cpu()
        if tuple(advantages.shape) != shape:
            raise FunctionsError(
                f"upload: rewards have shape {tuple(advantages.shape)}; with these rollouts it must be {shape}"
            )
        if not bool(torch.isfinite(advantages).all()):
            raise FunctionsError(
                f"upload: {int((~torch.isfinite(advantages)).sum())} of {advantages.numel()} rewards are not finite"
            )
        flat = [rollout for group in rollouts for rollout in group]
        formats, corrects = self._judge(items, rollouts)
        logps = [[float(lp) for lp in one] for group in gen_logps for one in group]
        if not all(map(math.isfinite, chain.from_iterable(logps))):
            raise FunctionsError(
                f"upload: {sum(not math.isfinite(lp) for one in logps for lp in one)} of gen_logps are not finite"
            )
        try:
            batch = wire.collate(
                [r.prompt_ids for r in flat], [r.completion_ids for r in flat], logps,
                rewards=advantages.flatten(), raw_rewards=formats + corrects, formats=(formats > 0).float(),
                corrects=(corrects > 0).float(), group_size=self.group_size, pad=self._tokenizer.pad_token_id,
                weight_version=min(r.weight_version for r in flat),
            )  # fmt: skip
        except WireError as error:
            raise FunctionsError(f"upload: {error}") from error
        self._log_samples(items, rollouts, formats, corrects)
        self._phases.write({"time": round(time.time(), 3), **{f"seconds_{p}": round(s, 4) for p, s in self._seconds.items()}})
        with self._timed("upload"):
            self._client.upload(batch)

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        """Add what the block takes to the seconds of `phase`."""
        started = time.monotonic()
        yield
        self._seconds[phase] += time.monotonic() - started

    def _encode(self, prompt: str) -> list[int]:
        if not isinstance(prompt, str):
            raise FunctionsError(f'generate: a prompt is {type(prompt).__name__}, it must be text: give the problems\' "Q"')
        ids: list[int] = self._tokenizer.apply_chat_template(
            problems.messages(prompt), add_generation_prompt=True, return_dict=False
        )
        if len(ids) > self.config.max_prompt_tokens:
            raise FunctionsError(
                f"a prompt has {len(ids)} tokens; max_prompt_tokens is {self.config.max_prompt_tokens}: {prompt[:80]}"
            )
        return ids

    def _judge(
        self, items: Sequence[problems.Problem], rollouts: Sequence[Sequence[Rollout]]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """`reward_format` and `reward_correct` of each rollout, (B,) float32 each, for the curves."""
        pairs = [(item, r.completion) for item, group in zip(items, rollouts, strict=True) for r in group]
        formats = [self._reward("reward_format", text) for _, text in pairs]
        corrects = [self._reward("reward_correct", item, text) for item, text in pairs]
        return torch.tensor(formats, dtype=torch.float32), torch.tensor(corrects, dtype=torch.float32)

    def _reward(self, name: str, *given: Any) -> float:
        """What a reward function returns. Raises FunctionsError where that is no finite number, and as `call` does."""
        value = self._functions.call(name, *given)
        try:
            reward = math.nan if isinstance(value, str) else float(value)
        except (TypeError, ValueError):
            reward = math.nan
        if not math.isfinite(reward):
            raise FunctionsError(
                f"{name} returned {value!r:.80} for the completion {given[-1]!r:.200}; it must return a finite number, "
                "whatever the completion is: does a branch lack its return?"
            )
        return reward

    def _log_samples(self, items: Sequence[problems.Problem], rollouts: Sequence[Sequence[Rollout]],
                     formats: torch.Tensor, corrects: torch.Tensor) -> None:  # fmt: skip
        for i in range(min(self.config.samples_per_batch, len(items))):
            rollout = rollouts[i][0]
            self._samples.write({
                "time": round(time.time(), 3), "weight_version": rollout.weight_version, "problem": items[i],
                "completion": rollout.completion, "reward_format": formats[i * self.group_size].item(),
                "reward_correct": corrects[i * self.group_size].item(), "completion_tokens": len(rollout.completion_ids),
            })  # fmt: skip

    def answer_heldout(self) -> dict[str, float]:
        """Shares of format and correctness on the held-out problems, one sampled completion each, in `heldout.jsonl`."""
        items = problems.heldout(self.config)
        ids = [self._encode(item["Q"]) for item in items]
        groups = self._engine.generate(ids, 1, temperature=self.config.temperature, seed=0)
        texts = self._tokenizer.batch_decode([g.token_ids for [g] in groups], skip_special_tokens=True)
        formats = [self._reward("reward_format", text) > 0 for text in texts]
        corrects = [self._reward("reward_correct", item, text) > 0 for item, text in zip(items, texts, strict=True)]
        record = {"weight_version": self.weight_version, "problems": len(items),
                  "format": sum(formats) / len(items), "correct": sum(corrects) / len(items)}  # fmt: skip
        JsonlWriter(self._run.heldout).write(record)
        log.info(
            "held-out problems under weights %d: format %.3f, correct %.3f",
            self.weight_version,
            record["format"],
            record["correct"],
        )
        return record


class KernelWorker(Worker):
    """A worker in a notebook's kernel, for a look at what `gen_worker` does: it ends after a few batches."""

    def __init__(self, *arguments: Any, batches: int) -> None:
        super().__init__(*arguments)
        self._left = batches

    def running(self) -> bool:
        """Whether batches are left to upload."""
        return self._left > 0 and super().running()

    def upload(self, *arguments: Any, **keywords: Any) -> None:
        super().upload(*arguments, **keywords)
        self._left -= 1


def work(run: RunDir, config: RunConfig) -> None:
    given = functions.load(run.functions)
    torch.set_num_threads(config.rollout_threads)
    torch.manual_seed(config.seed)
    random.seed(config.seed)
    tokenizer = load_tokenizer(config)
    engine = create(config, tokenizer.eos_token_id)
    client = ReferenceClient(run, config, peer="trainer")
    worker = Worker(run, config, given, engine, tokenizer, client)
    if not run.heldout.exists():
        worker.answer_heldout()
    supervise.write_state(run, NAME, "ready")
    given.call("gen_worker", worker)
    if worker.running():
        raise FunctionsError("gen_worker returned while the run goes on; it must loop `while worker.running():`")
    worker.update_policy()
    worker.answer_heldout()


if __name__ == "__main__":
    supervise.process_main(NAME, work)
