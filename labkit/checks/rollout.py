"""The cases of `gen_worker`: a worker that replays what a real policy answered, and keeps what is uploaded.

The two rewards and the normalisation are scripted while a case runs, so that this check is about the loop alone: whoever
still has a mistake in a reward sees it in the check of that reward, and not here again.
"""

from __future__ import annotations

import hashlib
import json
import operator
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor

from labkit.checks.case import Case, derived
from labkit.checks.subject import Outcome, Raised, Subject, numbers
from labkit.config import PACKAGE, Algorithm
from labkit.errors import FunctionsError
from labkit.rollout import Rollout

RECORDING = PACKAGE / "checks" / "rollouts.json"
# The places of the problems in each batch: new ones twice, known ones with one of them twice, a single one, two whose rewards
# are all equal, thirteen and seven (equal parts do not make these), sixteen (which they do). Seven turns, for who asks
# running() every second or third turn only would end with eight or nine; the hidden ones are more, and reach all batches.
BATCHES = ((0, 1, 2), (3, 4, 5), (0, 2, 0, 3), (1,), (5, 5), (4, 1, 0, 5, 2, 3, 1, 4, 0, 3, 5, 2, 4), (5, 3, 1, 0, 3, 2, 5),
           (4, 1, 0, 5, 2, 3, 1, 4, 0, 3, 5, 2, 4, 1, 3, 0))  # fmt: skip
TURNS, GROUP_SIZE = 7, 4
LONG = 9  # times that the longest completion of a problem is written, where it never ends
ELSEWHERE = 1.2  # times its log-probs, where it is another problem's
HIDDEN_TURNS, HIDDEN_GROUP_SIZES = range(8, 12), (2, 3)  # of which a seed takes one: neither can be taken for granted
MOST_ROLLOUTS = 64
PATIENCE = 20  # calls of running() without an upload, after which a loop counts as endless
RESCORED = 0.05  # nats by which re-scoring differs from sampling here where it is asked for, so that it shows
TRAINED = 0.1  # by which part of itself each log-prob grows with each update of the policy
RARE = 8.0  # nats by which each completion's unlikeliest token is unlikelier than recorded
EMPTY_AT, EMPTY_LOGP = 3, -2.5  # the problem to whose completions one belongs that is the end token alone
# What stands beside the sequence's own token in an entry of prompt_logprobs: where that is unlikely, one that is likelier.
UNLIKELY, LIKELIER, FAR = -0.7, 0.3, -9.0
MISMATCH = -77.0  # the scripted reward where a completion comes with another problem's item, or one that was changed


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
    turns: int = TURNS  # until running() says False
    weight_version: int = 0
    uploads: list[Upload] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)  # (prompts, n) of each call of generate
    scored: int = 0

    def __post_init__(self) -> None:
        self._drawn: dict[tuple[int, int], int] = {}  # rollout: weight version under which it was drawn last
        rng = random.Random(derived(self.seed, "recording"))
        # What the scripted functions say is for nobody to know who does not ask them.
        self._salt = derived(self.seed, "scripted").to_bytes(8)
        self._bend = 1 / (40 + self._salt[0] % 20)
        self._recorded = json.loads(RECORDING.read_text(encoding="utf-8"))
        for recorded in self._recorded:
            rng.shuffle(recorded["completions"])
        # No batch's first completions come in the order of their lengths, up or down: who sorts them must sort them back.
        while any(lengths in (sorted(lengths), sorted(lengths, reverse=True)) for lengths in self._lengths()):
            rng.shuffle(self._recorded)
        self._recorded[1]["item"]["A"] = "-3/4"  # the loop hands items on as they are
        self._places = {c["text"]: place for place, recorded in enumerate(self._recorded) for c in recorded["completions"]}
        for place, recorded in enumerate(self._recorded):
            for completion in recorded["completions"]:
                logps = completion["logps"]
                logps[logps.index(min(logps))] -= RARE
                completion["rescored"] = [lp - self.rescored * (1 + rng.random()) for lp in logps]
                certain = logps.index(max(logps))  # a log-prob of 0 is no padding
                completion["rescored"][certain] = logps[certain] = 0.0
                if place % 2 == 0:
                    completion["text"] += " \n"  # a policy may end so
                    self._places[completion["text"]] = place
        # Drawn second, in the same batch by PPO: of one problem a completion far longer than the others and cut off, of another
        # the same one; later, what was drawn first of the one. Where PPO draws one's fourth and fifth, they are the same.
        first, _, other, *_ = (recorded["completions"] for recorded in self._recorded)
        long = _cut_off(max(first, key=lambda completion: len(completion["ids"])))
        other.insert(3, first[0])
        other.insert(1, long | {name: [lp * ELSEWHERE for lp in long[name]] for name in ("logps", "rescored")})
        first.insert(1, long)
        first.insert(4, first[3])
        self._places[long["text"]] = 0
        self._recorded[EMPTY_AT]["completions"].insert(1, {
            "ids": first[0]["ids"][-1:], "text": "", "logps": [EMPTY_LOGP], "rescored": [EMPTY_LOGP - self.rescored],
        })  # fmt: skip
        self._places[""] = EMPTY_AT
        self._given: dict[int, int] = {}
        self._batch = self._idle = self._asks = 0  # batches given; calls of running(), since the last upload and in all
        self.config = SimpleNamespace(group_size=self.group_size, prompts_per_batch=len(BATCHES[0]))

    def running(self) -> bool:
        self._idle += 1
        self._asks += 1
        if self._idle > PATIENCE:
            raise FunctionsError("a loop that never ends: running() is asked again and again, and nothing is uploaded")
        return len(self.uploads) < self.turns

    def update_policy(self) -> int:
        self.weight_version += 1
        return self.weight_version

    def sample_problems(self) -> list[dict[str, str]]:
        batch = BATCHES[self._batch % len(BATCHES)]
        self._batch += 1
        return [dict(self._recorded[place]["item"]) for place in batch]

    def generate(self, prompts: Sequence[str], n: int = 1) -> list[list[Rollout]]:
        if isinstance(prompts, str) or not all(isinstance(prompt, str) for prompt in prompts):
            raise FunctionsError('generate takes a list of questions: give the problems\' "Q"')
        n = operator.index(n)  # raises TypeError for what is no whole number
        if not 1 <= n * max(len(prompts), 1) <= MOST_ROLLOUTS:
            raise FunctionsError(
                f"generate gives 1 to {MOST_ROLLOUTS} rollouts a call here; {n} of {len(prompts)} were asked for"
            )
        self.asked.append((len(prompts), n))
        return [[self._next_rollout(self._place(prompt)) for _ in range(n)] for prompt in prompts]

    def score(self, token_ids: Sequence[list[int]]) -> list[list[dict[int, float] | None]]:
        if len(token_ids) > 2 * MOST_ROLLOUTS:
            raise FunctionsError(f"score takes up to {2 * MOST_ROLLOUTS} rows here; there are {len(token_ids)}")
        if any(isinstance(token, list | tuple) for ids in token_ids for token in ids):
            raise FunctionsError(
                "score takes one flat list of sequences, each a list of token ids, [r.token_ids for g in rollouts for r in g]"
            )
        self.scored += len(token_ids)
        return [self._prompt_logprobs(list(ids)) for ids in token_ids]

    def upload(self, items: Any, rollouts: Any, rewards: Any, gen_logps: Any) -> None:
        if len(self.uploads) >= self.turns:
            raise FunctionsError("upload was called after running() had said False")
        places = [[self._place_of(rollout) for rollout in group] for group in rollouts]
        self.uploads.append(
            Upload(self.weight_version, [self._place(item["Q"]) for item in items], places,
                   [[self._drawn[place] for place in group] for group in places], numbers(rewards), numbers(gen_logps))
        )  # fmt: skip
        self._idle = 0

    # --- what the scripted functions say

    # Above and below 0, both and their sum, which is 0 for problem 5; and the same for all completions of problem 1, a group
    # without variance. They are no methods of a real worker, so they have other names than the functions.

    def scripted_reward_format(self, answer: str) -> float:
        place = self._places.get(answer, 0)
        size = 0.5 if place == 1 else 0.1 + self._draw(answer, 89) / 97
        return -size if place % 2 else size

    def scripted_reward_correct(self, item: Mapping[str, str], answer: str) -> float:
        place = self._place(item["Q"])
        recorded = self._recorded[place]
        if dict(item) != recorded["item"] or all(completion["text"] != answer for completion in recorded["completions"]):
            return MISMATCH
        if place == 5:
            return -self.scripted_reward_format(answer)
        size = 2.0 if place == 1 else 2 + self._draw(f"{place} {answer}", 97) / 11 + place
        return -size if place % 3 == 1 else size

    def scripted_normalize_group_rewards(self, rewards: Any) -> Tensor:
        """No normalisation at all: along a group, 0 where its rewards are equal; neither twice nor in two parts the same."""
        if not isinstance(rewards, Tensor):
            raise FunctionsError(f"normalize_group_rewards takes a tensor; it was given {type(rewards).__name__}")
        given = rewards.float()
        first = given[..., :1]
        return (given - first) * (1 + self._bend * (given + first))

    def _draw(self, text: str, below: int) -> int:
        """Always the same for a text; else any of 0 .. `below` - 1."""
        return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), key=self._salt, digest_size=8).digest()) % below

    # --- the recording

    def _place(self, question: str) -> int:
        for place, recorded in enumerate(self._recorded):
            if recorded["item"]["Q"] == question:
                return place
        raise FunctionsError("a text that is no question of this batch was given as one")

    def _place_of(self, rollout: Rollout) -> tuple[int, int]:
        place = self._place(rollout.prompt)
        index = self._index(place, list(rollout.completion_ids))
        if (place, index) not in self._drawn:
            raise FunctionsError("upload was given a rollout that generate did not give")
        if list(rollout.prompt_ids) != self._recorded[place]["prompt_ids"]:
            raise FunctionsError("upload was given a rollout whose prompt_ids are no longer those that generate gave")
        return place, index

    def _index(self, place: int, ids: list[int]) -> int:
        """Which of a problem's completions has these ids: the first one, for a policy may repeat itself; -1 where none has."""
        return next((n for n, completion in enumerate(self._recorded[place]["completions"]) if completion["ids"] == ids), -1)

    def _next_rollout(self, place: int) -> Rollout:
        recorded = self._recorded[place]
        given = self._given.get(place, 0)
        self._given[place] = given + 1
        if given == 2 * self.group_size:  # the first one again, under newer weights
            given = 0
        rounds, index = divmod(given, len(recorded["completions"]))
        index = (rounds + index) % len(recorded["completions"])  # no two groups have the same order
        completion = recorded["completions"][index]
        self._drawn[place, self._index(place, completion["ids"])] = self.weight_version
        return Rollout(recorded["item"]["Q"], list(recorded["prompt_ids"]), list(completion["ids"]), completion["text"],
                       self._now(completion["logps"]), self.weight_version)  # fmt: skip

    def _now(self, logps: list[float]) -> list[float]:
        """Recorded log-probs as the weights in use give them; 0 stays 0."""
        return [logp * (1 + TRAINED * self.weight_version) for logp in logps]

    def _lengths(self) -> list[list[int]]:
        """Of the sequences of each batch, where each problem's first completion is taken."""
        lengths = [len(r["prompt_ids"]) + len(r["completions"][0]["ids"]) for r in self._recorded]
        return [[lengths[place] for place in batch] for batch in BATCHES[:2]]

    def _prompt_logprobs(self, ids: list[int]) -> list[dict[int, float] | None]:
        """As vLLM gives them: nothing for the first token; then the sequence's own token and another, in this or that order."""
        for recorded in self._recorded:
            for completion in (*recorded["completions"], {"ids": [], "rescored": []}):
                if recorded["prompt_ids"] + completion["ids"] == ids:
                    logps = recorded["prompt_logps"] + self._now(completion["rescored"])
                    return [
                        None,
                        *(_entry(k, token, lp) for k, (token, lp) in enumerate(zip(ids[1:], logps, strict=True))),
                    ]
        if any(completion["ids"] == ids for recorded in self._recorded for completion in recorded["completions"]):
            raise FunctionsError("score was given a completion without its prompt: score r.token_ids")
        raise FunctionsError(
            "score was given tokens that are not those of any rollout, prompt and completion as they were sampled; text that "
            "is decoded and encoded again can become other tokens"
        )


def _cut_off(completion: dict[str, Any]) -> dict[str, Any]:
    """The completion written `LONG` times, without an end token."""
    return {name: (value if name == "text" else value[:-1]) * LONG for name, value in completion.items()}


def _entry(k: int, token: int, logp: float) -> dict[int, float]:
    """The entry of position `k + 1`."""
    other = {token + 1: LIKELIER * logp if logp < UNLIKELY else FAR - k}
    return {token: logp} | other if k % 2 else other | {token: logp}


def cases(algorithm: Algorithm, seed: int = 0) -> list[Case]:
    """One aspect of the same `BATCHES` each, which hidden cases, those with a seed, go through once more. PPO takes one rollout
    per prompt and re-scores it; GRPO takes groups, and may re-score or not."""
    rng = random.Random(derived(seed, "numbers"))
    turns, group_size = (rng.choice(HIDDEN_TURNS), rng.choice(HIDDEN_GROUP_SIZES)) if seed else (TURNS, GROUP_SIZE)
    size, rescored = (1, RESCORED) if algorithm == "ppo" else (group_size, 0.0)
    ran: WeakKeyDictionary[Subject, RecordedWorker | Outcome | Raised] = WeakKeyDictionary()

    def run(subject: Subject) -> RecordedWorker | Outcome | Raised:
        """The worker after `subject` ran on it, or what is the matter. A subject runs once, for all cases."""
        worker = RecordedWorker(size, seed, rescored, turns)
        try:
            returned = subject.ask("rollout", worker=worker)
        except Raised as raised:
            return raised
        if worker.uploads:
            return worker
        return "nothing was uploaded" + (f"; returns {returned}" if returned is not None else "")

    def case(name: str, idea: str, aspect: Callable[[RecordedWorker], Outcome], substance: bool = False) -> Case:
        def look(subject: Subject) -> Outcome:
            if subject not in ran:
                ran[subject] = run(subject)
            found = ran[subject]
            if isinstance(found, Raised):
                raise found
            return aspect(found) if isinstance(found, RecordedWorker) else found

        return Case(name, idea, look, substance)

    return [
        case("one upload a turn, and stops when running() says False: uploads, batches drawn, calls of running()",
             "the loop's end",
             lambda w: [float(len(w.uploads)), float(w._batch), float(min(w._asks, w.turns + 1))]),
        case("weight version of the rollouts in each upload", "the newest policy",
             lambda w: [numbers(sorted({v for group in u.versions for v in group})) for u in w.uploads]),
        case("rollouts for each problem", "rollouts per prompt",
             lambda w: [[float(len(g)) for g in u.rollouts] for u in w.uploads]),
        case("different rollouts in the batch", "sampling",
             lambda w: [float(len({r for g in u.rollouts for r in g})) for u in w.uploads]),
        case("problems, in the order of their rollouts", "which rollout belongs to which problem",
             lambda w: [numbers([u.problems, [place for g in u.rollouts for place, _ in g]]) for u in w.uploads]),
        case("rewards uploaded", "the rewards", lambda w: [u.rewards for u in w.uploads], substance=True),
        case("log-probs in each rollout's gen_logps", "one log-prob for each completion token",
             lambda w: [[[float(len(_listed(one))) for one in _listed(group)] for group in _listed(u.gen_logps)]
                        for u in w.uploads]),
        case("gen_logps, first rollout", "the values of gen_logps", lambda w: [_first(u.gen_logps) for u in w.uploads],
             substance=True),
        case("gen_logps, two means over each rollout", "the values of gen_logps",
             lambda w: [[[_means(one) for one in _listed(group)] for group in _listed(u.gen_logps)] for u in w.uploads]),
    ]  # fmt: skip


def _listed(values: Outcome) -> list[Outcome]:
    return values if isinstance(values, list) else [values]


def _first(gen_logps: Outcome) -> Outcome:
    """The innermost list, or what there is in its place, that stands first."""
    for _ in range(2):
        gen_logps = gen_logps[0] if isinstance(gen_logps, list) and gen_logps else gen_logps
    return gen_logps


def _means(values: Outcome) -> Outcome:
    """The mean, and the mean weighted by places: in another order the values give another one."""
    listed = _listed(values)
    wrong = next((value for value in listed if not isinstance(value, float)), None)
    if wrong is not None:
        return f"{wrong!r:.40} among them"
    plain = [value for value in listed if isinstance(value, float)]
    places = range(1, len(plain) + 1)
    return [sum(plain) / max(len(plain), 1), sum(map(operator.mul, places, plain)) / max(sum(places), 1)]
