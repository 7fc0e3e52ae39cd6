"""The cases of `reward_format` and `reward_correct`: completions, and what each of them is about."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from labkit.checks.case import Case
from labkit.checks.subject import Outcome, Subject

# (what it is about, completion)
FORMAT_TEXTS: tuple[tuple[str, str], ...] = (
    ("as asked", "<think>3 + 4 = 7</think><answer>7</answer>"),
    ("several lines", "<think>3 + 4\n= 7</think>\n<answer>\n7\n</answer>"),
    ("white space between the blocks", "<think>3 + 4 = 7</think> \n\n <answer>7</answer>"),
    ("nothing inside", "<think></think><answer></answer>"),
    ("a lone < or > inside", "<think>3 < 4, 4 > 3</think><answer>7</answer>"),
    ("no tags", "3 + 4 = 7"),
    ("an empty completion", ""),
    ("text before", "Sure! <think>3 + 4 = 7</think><answer>7</answer>"),
    ("text after", "<think>3 + 4 = 7</think><answer>7</answer> Done."),
    ("white space before", " <think>3 + 4 = 7</think><answer>7</answer>"),
    ("a line break after", "<think>3 + 4 = 7</think><answer>7</answer>\n"),
    ("text between the blocks", "<think>3 + 4 = 7</think> so <answer>7</answer>"),
    ("blocks in the wrong order", "<answer>7</answer><think>3 + 4 = 7</think>"),
    ("two think blocks", "<think>3</think><think>+ 4 = 7</think><answer>7</answer>"),
    ("two answer blocks", "<think>3 + 4 = 7</think><answer>7</answer><answer>8</answer>"),
    ("a tag inside a block", "<think>so <answer>7</think><answer>7</answer>"),
    ("a closing tag inside a block", "<think>3 + 4</think> = 7</think><answer>7</answer>"),
    ("answer block missing", "<think>3 + 4 = 7</think>"),
    ("think block missing", "<answer>7</answer>"),
    ("last tag missing", "<think>3 + 4 = 7</think><answer>7"),
    ("think inside answer", "<answer><think>7</think></answer>"),
    ("other brackets", "[think]3 + 4 = 7[/think][answer]7[/answer]"),
)

# (what it is about, item["A"], completion)
CORRECT_TEXTS: tuple[tuple[str, str, str], ...] = (
    ("the only number", "7", "<think>easy</think><answer>7</answer>"),
    ("the last number", "7", "<think>3 + 4 = 7</think><answer>7</answer>"),
    ("right first, wrong last", "7", "<think>7</think><answer>8</answer>"),
    ("no format at all", "7", "I think it is 7."),
    ("wrong number", "7", "<think>3 + 4 = 8</think><answer>8</answer>"),
    ("right digits inside a longer number", "7", "<answer>17</answer>"),
    ("no number", "7", "<think>hm</think><answer>seven</answer>"),
    ("an empty completion", "7", ""),
    ("a minus sign", "-3", "<answer>-3</answer>"),
    ("minus sign missing", "-3", "<answer>3</answer>"),
    ("minus sign too many", "3", "<answer>-3</answer>"),
    ("a plus sign", "7", "<answer>+7</answer>"),
    ("a difference, no sign", "3", "so that is 5-3"),
    ("thousands commas", "1080", "<answer>1,080</answer>"),
    ("thousands commas, other number", "80", "<answer>1,080</answer>"),
    ("commas twice", "1234567", "<answer>1,234,567</answer>"),
    ("a decimal", "1.7", "<answer>1.7</answer>"),
    ("part of a decimal", "7", "<answer>1.7</answer>"),
    ("18.0 is 18", "18", "<answer>18.0</answer>"),
    ("a full stop after it", "18", "The answer is 18."),
    ("no digit before the point", "0.5", "<answer>.5</answer>"),
    ("a fraction", "3/4", "<answer>3/4</answer>"),
    ("a fraction as a decimal", "3/4", "<answer>0.75</answer>"),
    ("a fraction, not reduced", "3/4", "<answer>6/8</answer>"),
    ("denominator only", "4", "<answer>3/4</answer>"),
    ("a negative fraction", "-1/2", "<answer>-1/2</answer>"),
    ("a third is not 0.333", "1/3", "<answer>0.333</answer>"),
    ("exact beyond what a float holds", "9007199254740993", "<answer>9007199254740992</answer>"),
    ("nearly right", "0.3", "<answer>0.30000000001</answer>"),
    ("division by zero", "5", "<answer>5/0</answer>"),
    ("a unit after it", "12", "<answer>12 km</answer>"),
    ("a dollar sign before it", "12", "<answer>$12</answer>"),
)

FIXED = ("a fraction as a decimal", "a fraction, not reduced", "a third is not 0.333", "exact beyond what a float holds")


def format_cases(seed: int | None = None) -> list[Case]:
    """One case for each completion of `FORMAT_TEXTS`; with a seed, of the same kind but in other words and numbers."""
    return [Case(f"{idea}: {_quoted(text)}", idea, _give(text)) for idea, text in _varied(FORMAT_TEXTS, seed)]


def correct_cases(seed: int | None = None) -> list[Case]:
    """One case for each exact answer and completion of `CORRECT_TEXTS`; with a seed, with other numbers."""
    return [Case(f'{idea}: "A" = {wanted}, {_quoted(text)}', idea, _give({"Q": "How many?", "A": wanted}, text))
            for idea, wanted, text in _varied(CORRECT_TEXTS, seed)]  # fmt: skip


def _varied(texts: Sequence[tuple[str, ...]], seed: int | None) -> Sequence[tuple[str, ...]]:
    """`texts` with digits and words exchanged for others, each alike in all of a case, so that what is right stays right.

    Zeros stay, and the digits keep being different ones. A case whose meaning hangs on its digits (halves, thirds, equal
    fractions) stays as it is.
    """
    if seed is None:
        return texts
    rng = random.Random(seed)
    varied = []
    for idea, *parts in texts:
        digits = dict(zip("123456789", rng.sample("123456789", 9), strict=True))
        exchange = str.maketrans({} if idea in FIXED else digits)
        word = rng.choice(("Well", "Okay", "So", "Of course"))
        varied.append((idea, *(part.translate(exchange).replace("Sure", word).replace("Done", word) for part in parts)))
    return varied


def _give(*arguments: Any) -> Callable[[Subject], Outcome]:
    def run(subject: Subject) -> Outcome:
        outcome: Outcome = subject.ask("reward", arguments=list(arguments))
        return outcome

    return run


def _quoted(text: str) -> str:
    return f"“{text}”".replace("\n", "⏎") if text else "(nothing)"
