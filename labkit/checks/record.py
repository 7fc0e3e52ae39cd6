"""What a record of a run shows: whether it is what a run of the lab leaves behind, and whether it reaches the goal.

No check of a file can prove that a run took place. But what is edited by hand no longer fits: the digest, the rewards that
the logged completions earn, the curves that those samples were drawn from, the sums within each step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from labkit.checks.case import Answer, Case
from labkit.checks.verdict import Row, Verdict
from labkit.record import Record, Sample
from labkit.summary import FORMAT_TARGET

SAMPLES = 20  # at least, and some of them in each third of the run
DIFFERENT = 0.8  # of the samples, at least
STEPS = 9  # at least: three a third
DEVIATIONS = 5.0  # standard deviations by which samples may differ from the curves by chance
MOST_ROLLOUTS = 10**6  # a step
SLACK = 2.0  # samples, on top: a batch trains two steps, whose weight versions may differ by one
NAME = "record.json"
FormatReward = Callable[[str], float]
CorrectReward = Callable[[dict[str, str], str], float]


@dataclass(frozen=True)
class Finding(Row):
    """One question put to a record. One that is essential makes the whole record worthless where it does not hold."""

    holds: bool = False
    share: float = 0.0  # of the points
    essential: bool = False

    @property
    def passed(self) -> bool:
        return self.holds


class RecordVerdict(Verdict):
    """The verdict on a record: shares of the points in place of shares of the cases."""

    @property
    def score(self) -> float:
        findings = [row for row in self.rows if isinstance(row, Finding)]
        if any(f.essential and not f.holds for f in findings):
            return 0.0
        return sum(f.share for f in findings if f.holds)


def examine(record: Record, reward_format: FormatReward, reward_correct: CorrectReward) -> Verdict:
    """The verdict on `record`; the two functions compute the rewards of its samples again."""
    formats, corrects = _again(record.samples, reward_format, reward_correct)
    findings = [_whole(record), _steps(record), _rewards(record, formats, corrects), _curves(record, formats, corrects),
                _samples(record), _adherence(record), _rising(record)]  # fmt: skip
    return RecordVerdict(NAME, findings, {})


def without(what: str, message: str) -> Verdict:
    """The verdict where `what` is missing that is needed for one."""
    return RecordVerdict(NAME, [_finding(what, "to be there", message, False, essential=True)], {})


def _finding(what: str, asked: str, found: str, holds: bool, share: float = 0.0, essential: bool = False) -> Finding:
    return Finding(Case(what, what, lambda subject: ""), asked, Answer(found), holds, share, essential)


def _whole(record: Record) -> Finding:
    intact = record.intact()
    return _finding("as the lab wrote it", "untouched", "untouched" if intact else "edited: its digest does not fit", intact,
                    essential=True)  # fmt: skip


def _steps(record: Record) -> Finding:
    """The steps are 1, 2, ... as many as were configured; in each, the reward is what format and correct say."""
    what, asked = (
        "steps of the whole run, their sums right",
        f"{record.config.get('optimizer_steps')!s:.20} steps, at least {STEPS}",
    )
    steps, size = record.metrics, record.config.get("rollouts_per_step")
    in_order = [s.step for s in steps] == list(range(1, len(steps) + 1))
    if not in_order or len(steps) != record.config.get("optimizer_steps") or len(steps) < STEPS:
        return _finding(what, asked, f"{len(steps)} steps, the last is {steps[-1].step if steps else 0}", False, essential=True)
    for step in steps:
        reward = 2.25 * step.format + 2 * step.correct - 2
        if abs(step.reward - reward) > 1e-3:
            found = f"step {step.step}: reward {step.reward:.3f}, format and correct make {reward:.3f}"
            return _finding(what, asked, found, False, essential=True)
        if isinstance(size, int) and 0 < size < MOST_ROLLOUTS and abs(step.format * size - round(step.format * size)) > 1e-2:
            found = f"step {step.step}: format {step.format:.4f} is no share of {size} rollouts"
            return _finding(what, asked, found, False, essential=True)
    return _finding(what, asked, f"{len(steps)} steps", True, essential=True)


def _again(
    samples: Sequence[Sample], reward_format: FormatReward, reward_correct: CorrectReward
) -> tuple[list[Any], list[Any]]:
    """Both rewards of every sample; what raises gives the name of the error."""

    def reward(function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:  # noqa: BLE001 - a student's reward
            return type(error).__name__

    return ([reward(reward_format, s.completion) for s in samples],
            [reward(reward_correct, s.problem.model_dump(), s.completion) for s in samples])  # fmt: skip


def _rewards(record: Record, formats: Sequence[Any], corrects: Sequence[Any]) -> Finding:
    logged = [(s.reward_format, s.reward_correct) for s in record.samples]
    agreeing = sum(one == again for one, again in zip(logged, zip(formats, corrects, strict=True), strict=True))
    return _finding("rewards of the samples, computed again", f"{len(logged)} agree", f"{agreeing} agree",
                    agreeing == len(logged), essential=True)  # fmt: skip


def _curves(record: Record, formats: Sequence[Any], corrects: Sequence[Any]) -> Finding:
    """In each third: the samples' shares of format and correct lie where a draw from the curves' shares would lie."""
    what, asked = "samples and curves tell the same", "within chance"
    again = dict(zip(map(id, record.samples), zip(formats, corrects, strict=True), strict=True))
    for number, name in enumerate(("first", "middle", "last")):
        steps = record.third(number)
        drawn = [again[id(sample)] for sample in record.samples_of(steps)]
        for place, metric in enumerate(("format", "correct")):
            shares = [getattr(step, metric) for step in steps]
            if not drawn or not shares:
                continue
            seen = sum(isinstance(rewards[place], float) and rewards[place] > 0 for rewards in drawn)
            expected = len(drawn) * fmean(shares)
            deviation = (len(drawn) * fmean(share * (1 - share) for share in shares)) ** 0.5
            if abs(seen - expected) > DEVIATIONS * deviation + SLACK:
                found = f"{name} third: {metric} {seen / len(drawn):.2f} in the samples, {fmean(shares):.2f} in the curve"
                return _finding(what, asked, found, False, essential=True)
    return _finding(what, asked, asked, True, essential=True)


def _samples(record: Record) -> Finding:
    """Enough of them, in each third, and not the same ones again and again: two of a run are hardly ever alike."""
    thirds = [len(record.samples_of(record.third(number))) for number in range(3)]
    different = len({(s.problem.Q, s.completion) for s in record.samples})
    found = f"{len(record.samples)} ({', '.join(map(str, thirds))}), {different} different ones"
    holds = len(record.samples) >= SAMPLES and min(thirds) > 0 and different >= DIFFERENT * len(record.samples)
    return _finding("sampled completions, in each third of the run", f"at least {SAMPLES}", found, holds, share=0.2,
                    essential=True)  # fmt: skip


def _adherence(record: Record) -> Finding:
    share = fmean([step.format for step in record.third(2)] or [0.0])
    return _finding("format adherence, last third of the steps", f"above {FORMAT_TARGET}", f"{share:.3f}",
                    share > FORMAT_TARGET, share=0.5)  # fmt: skip


def _rising(record: Record) -> Finding:
    first, last = (fmean([step.reward for step in record.third(number)] or [0.0]) for number in (0, 2))
    return _finding("mean reward, first and last third of the steps", "rising", f"{first:.2f} → {last:.2f}", last > first,
                    share=0.3)  # fmt: skip
