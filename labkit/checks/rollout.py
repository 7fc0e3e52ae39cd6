"""The cases of `gen_worker`: a worker that replays what a real policy answered, and keeps what is uploaded.

The two rewards and the normalisation are scripted while a case runs, so that this check is about the loop alone: whoever
still has a mistake in a reward sees it in the check of that reward, and not here again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from labkit.checks.case import Case
from labkit.checks.subject import Outcome, Subject, numbers
from labkit.config import PACKAGE, Algorithm
from labkit.errors import FunctionsError
from labkit.rollout import Rollout

RECORDING = PACKAGE / "checks" / "rollouts.json"
BATCHES, PROBLEMS, GROUP_SIZE = 2, 3, 4
MOST_ROLLOUTS = 64
PATIENCE = 20  # calls of running() without an upload, after which a loop counts as endless
RESCORED = 0.05  # nats by which re-scoring differs from sampling here where it is asked for, so that it shows
# What stands beside the sequence's own token in an entry of prompt_logprobs: where that is unlikely, one that is likelier.
UNLIKELY, LIKELIER, FAR = -0.7, 0.3, -9.0
MISMATCH = -77.0  # the scripted reward where a completion comes with another problem's item


@dataclass(frozen=True)
class Upload:
    """What one call of `upload` was given: places of problems and rollouts in the recording, rewards, log-probs."""

    version: int  # of the policy when it was called
    problems: list[int]
    rollouts: list[list[tuple[int, int]]]  # (problem, which of its completions)
    versions: list[list[int]]
    rewards: Outcome
    gen_logps: Outcome


@dataclass
class RecordedWorker:
    """Has the face of `labkit.rollout.Worker`; its policy is a recording, and the reference server a list."""

    group_size: int
    seed: int = 0
    rescored: float = RESCORED
    weight_version: int = 0
    uploads: list[Upload] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)  # (prompts, n) of each call of generate
    scored: int = 0

    def __post_init__(self) -> None:
        self._drawn: dict[tuple[int, int], int] = {}  # rollout: weight version under which it was drawn last
        rng = random.Random(self.seed)
        self._recorded = json.loads(RECORDING.read_text(encoding="utf-8"))
        rng.shuffle(self._recorded)
        for recorded in self._recorded:
            rng.shuffle(recorded["completions"])
            for completion in recorded["completions"]:
                completion["rescored"] = [lp - self.rescored * (1 + rng.random()) for lp in completion["logps"]]
        self._given: dict[int, int] = {}
        self._batch = self._idle = 0
        self.config = SimpleNamespace(group_size=self.group_size, prompts_per_batch=PROBLEMS)

    def running(self) -> bool:
        self._idle += 1
        if self._idle > PATIENCE:
            raise FunctionsError("a loop that never ends: running() is asked again and again, and nothing is uploaded")
        return len(self.uploads) < BATCHES

    def update_policy(self) -> int:
        self.weight_version += 1
        return self.weight_version

    def sample_problems(self) -> list[dict[str, str]]:
        start = self._batch * PROBLEMS % len(self._recorded)
        self._batch += 1
        return [dict(recorded["item"]) for recorded in self._recorded[start : start + PROBLEMS]]

    def generate(self, prompts: Sequence[str], n: int = 1) -> list[list[Rollout]]:
        if isinstance(prompts, str) or not all(isinstance(prompt, str) for prompt in prompts):
            raise FunctionsError('generate takes a list of questions: give the problems\' "Q"')
        if not 1 <= n * max(len(prompts), 1) <= MOST_ROLLOUTS:
            raise FunctionsError(
                f"generate gives 1 to {MOST_ROLLOUTS} rollouts a call here; {n} of {len(prompts)} were asked for"
            )
        self.asked.append((len(prompts), n))
        return [[self._next_rollout(self._place(prompt)) for _ in range(n)] for prompt in prompts]

    def score(self, token_ids: Sequence[list[int]]) -> list[list[dict[int, float] | None]]:
        if len(token_ids) > MOST_ROLLOUTS:
            raise FunctionsError(f"score takes up to {MOST_ROLLOUTS} rows here; there are {len(token_ids)}")
        self.scored += len(token_ids)
        return [self._prompt_logprobs(list(ids)) for ids in token_ids]

    def upload(self, items: Any, rollouts: Any, rewards: Any, gen_logps: Any) -> None:
        if len(self.uploads) >= BATCHES:
            raise FunctionsError("upload was called after running() had said False")
        places = [[self._place_of(rollout) for rollout in group] for group in rollouts]
        self.uploads.append(
            Upload(self.weight_version, [self._place(item["Q"]) for item in items], places,
                   [[self._drawn[place] for place in group] for group in places], numbers(rewards), numbers(gen_logps))
        )  # fmt: skip
        self._idle = 0

    # --- what the scripted functions say

    def reward_format(self, answer: str) -> float:
        return round(0.1 + (sum(map(ord, answer)) % 89) / 100, 2)

    def reward_correct(self, item: Mapping[str, str], answer: str) -> float:
        problem = self._place(item["Q"])
        if all(completion["text"] != answer for completion in self._recorded[problem]["completions"]):
            return MISMATCH
        return round(10 + (sum(i * ord(c) for i, c in enumerate(answer)) % 97) / 10 + problem, 2)

    def normalize_group_rewards(self, rewards: Any) -> Tensor:
        """No normalisation at all: each reward's distance to the first of its group."""
        given: Tensor = torch.as_tensor(rewards, dtype=torch.float32)
        return given - given[..., :1]

    # --- the recording

    def _place(self, question: str) -> int:
        for place, recorded in enumerate(self._recorded):
            if recorded["item"]["Q"] == question:
                return place
        raise FunctionsError("a text that is no question of this batch was given as one")

    def _place_of(self, rollout: Rollout) -> tuple[int, int]:
        place = self._place(rollout.prompt)
        for index, completion in enumerate(self._recorded[place]["completions"]):
            if completion["ids"] == list(rollout.completion_ids) and (place, index) in self._drawn:
                return place, index
        raise FunctionsError("upload was given a rollout that generate did not give")

    def _next_rollout(self, place: int) -> Rollout:
        recorded = self._recorded[place]
        index = self._given.get(place, 0)
        self._given[place] = index + 1
        index %= len(recorded["completions"])
        completion = recorded["completions"][index]
        self._drawn[place, index] = self.weight_version
        return Rollout(recorded["item"]["Q"], list(recorded["prompt_ids"]), list(completion["ids"]), completion["text"],
                       list(completion["logps"]), self.weight_version)  # fmt: skip

    def _prompt_logprobs(self, ids: list[int]) -> list[dict[int, float] | None]:
        """As vLLM gives them: nothing for the first token; the sequence's own token and, before it, the likeliest one."""
        for recorded in self._recorded:
            for completion in recorded["completions"]:
                if recorded["prompt_ids"] + completion["ids"] == ids:
                    logps = recorded["prompt_logps"] + completion["rescored"]
                    return [None, *({token + 1: LIKELIER * lp, token: lp} if lp < UNLIKELY else {token + 1: FAR - i, token: lp}
                                    for i, (token, lp) in enumerate(zip(ids[1:], logps, strict=True)))]  # fmt: skip
        if any(completion["ids"] == ids for recorded in self._recorded for completion in recorded["completions"]):
            raise FunctionsError("score was given a completion without its prompt: score r.token_ids")
        raise FunctionsError(
            "score was given tokens that are not those of any rollout, prompt and completion as they were sampled; text that "
            "is decoded and encoded again can become other tokens"
        )


def cases(algorithm: Algorithm, seed: int = 0) -> list[Case]:
    """One aspect of the same two batches each. PPO takes one rollout per prompt and re-scores it; GRPO takes `GROUP_SIZE`,
    and may re-score or not."""
    size, rescored = (1, RESCORED) if algorithm == "ppo" else (GROUP_SIZE, 0.0)

    def case(name: str, idea: str, aspect: Callable[[RecordedWorker], Outcome]) -> Case:
        def run(subject: Subject) -> Outcome:
            worker = RecordedWorker(size, seed, rescored)
            returned = subject.ask("rollout", worker=worker)
            if returned is not None:
                return f"returns {returned}"
            return aspect(worker) if worker.uploads else "nothing was uploaded"

        return Case(name, idea, run)

    return [
        case("one upload a turn, and stops when running() says False", "the loop's end",
             lambda w: [float(len(w.uploads)), float(w._batch)]),
        case("weight version of the rollouts in each upload", "the newest policy",
             lambda w: [numbers(sorted({v for group in u.versions for v in group})) for u in w.uploads]),
        case("rollouts for each problem", "rollouts per prompt",
             lambda w: [[float(len(g)) for g in u.rollouts] for u in w.uploads]),
        case("different rollouts in the batch", "sampling",
             lambda w: [float(len({r for g in u.rollouts for r in g})) for u in w.uploads]),
        case("problems, in the order of their rollouts", "which rollout belongs to which problem",
             lambda w: [numbers([u.problems, [place for g in u.rollouts for place, _ in g]]) for u in w.uploads]),
        case("rewards uploaded", "the rewards", lambda w: [u.rewards for u in w.uploads]),
        case("log-probs in each rollout's gen_logps", "one log-prob for each completion token",
             lambda w: [[[float(len(_listed(one))) for one in _listed(group)] for group in _listed(u.gen_logps)]
                        for u in w.uploads]),
        case("gen_logps, first rollout", "the values of gen_logps", lambda w: [_first(u.gen_logps) for u in w.uploads]),
        case("gen_logps, sum of each rollout", "the values of gen_logps",
             lambda w: [[[_sum(one) for one in _listed(group)] for group in _listed(u.gen_logps)] for u in w.uploads]),
    ]  # fmt: skip


def _listed(values: Outcome) -> list[Outcome]:
    return values if isinstance(values, list) else [values]


def _first(gen_logps: Outcome) -> Outcome:
    """The innermost list, or what there is in its place, that stands first."""
    for _ in range(2):
        gen_logps = gen_logps[0] if isinstance(gen_logps, list) and gen_logps else gen_logps
    return gen_logps


def _sum(values: Outcome) -> Outcome:
    wrong = next((value for value in _listed(values) if not isinstance(value, float)), None)
    return sum(value for value in _listed(values) if isinstance(value, float)) if wrong is None else f"{wrong!r:.40} among them"
