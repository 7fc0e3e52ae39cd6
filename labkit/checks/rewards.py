"""The cases of `reward_format` and `reward_correct`: completions, and what each of them is about."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from labkit.checks.case import Case
from labkit.checks.subject import Outcome, Subject

LONGEST_SHOWN = 120  # characters of a completion
ROUNDS = 3  # hidden cases for each idea: whoever guesses one of two answers seldom guesses three

# (what it is about, completion); names in braces are filled in by `VISIBLE` or, for hidden cases, by `_drawn`. Where there are
# two completions, the first is asked about before: a reward depends on nothing that was asked earlier.
FORMAT_TEXTS: tuple[tuple[str, ...], ...] = (
    ("as asked", "<think>{reason}</think><answer>{a}</answer>"),
    ("several lines", "<think>{words}\n{reason}</think>\n<answer>\n{a}\n</answer>"),
    ("several lines", "<think>{words}\r\n{reason}</think>\r\n<answer>{a}\r\n</answer>"),
    ("white space between the blocks", "<think>{reason}</think>{gap}<answer>{a}</answer>"),
    ("white space between the blocks", "<think>{reason}</think>\r\n<answer>{a}</answer>"),
    ("nothing inside", "<think></think><answer></answer>"),
    ("white space alone inside", "<think>{blank}</think><answer>\n</answer>"),
    ("another tag inside a block", "<think><b>{words}</b> <thinking></think><answer>{a}</answer>"),
    ("a lone < or > inside", "<think>{a} < {b}, {b} > {a}</think><answer>{a}</answer>"),
    ("a long thought", "<think>{long}</think><answer>{a}</answer>"),
    ("no tags", "{reason}"),
    ("escaped tags", "&lt;think&gt;{reason}&lt;/think&gt;&lt;answer&gt;{a}&lt;/answer&gt;"),
    ("blanks inside the tags", "< think>{reason}</ think>< answer>{a}</ answer>"),
    ("blanks inside the tags", "<think >{reason}</think ><answer >{a}</answer >"),
    ("an empty completion", ""),
    ("upper-case tags", "<THINK>{reason}</THINK><ANSWER>{a}</ANSWER>"),
    ("upper-case tags", "<think>{reason}</think><answer>{a}</Answer>"),
    ("text before", "{words} <think>{reason}</think><answer>{a}</answer>"),
    ("text after", "<think>{reason}</think><answer>{a}</answer> {words}"),
    (
        "a long text, now with text after it",
        "<think>{long}</think><answer>{a}</answer>",
        "<think>{long}</think><answer>{a}</answer> {words}",
    ),
    ("white space before", "{blank}<think>{reason}</think><answer>{a}</answer>"),
    ("a line break after", "<think>{reason}</think><answer>{a}</answer>\n"),
    ("text between the blocks", "<think>{reason}</think> {words} <answer>{a}</answer>"),
    ("blocks in the wrong order", "<answer>{a}</answer><think>{reason}</think>"),
    ("blocks that overlap", "<think>{reason}<answer>{a}</think>{b}</answer>"),
    ("two think blocks", "<think>{words}</think><think>{reason}</think><answer>{a}</answer>"),
    ("two answer blocks", "<think>{reason}</think><answer>{a}</answer><answer>{b}</answer>"),
    ("a tag inside a block", "<think>{words} <answer>{a}</think><answer>{a}</answer>"),
    ("a closing tag inside a block", "<think>{words}</think> {reason}</think><answer>{a}</answer>"),
    ("a stray tag inside a block", "<think>{reason}</answer></think><answer>{a}</answer>"),
    ("a stray tag inside a block", "<think>{reason}</think><answer><think>{a}</answer>"),
    ("a stray tag inside a block", "<think>{reason}</think><answer>{a}</think></answer>"),
    ("a slash missing", "<think>{reason}<think><answer>{a}</answer>"),
    ("answer block missing", "<think>{reason}</think>"),
    ("think block missing", "<answer>{a}</answer>"),
    ("first tag missing", "{reason}</think><answer>{a}</answer>"),
    ("last tag missing", "<think>{reason}</think><answer>{a}"),
    ("think inside answer", "<answer><think>{a}</think></answer>"),
    ("other brackets", "{left}think{right}{reason}{left}/think{right}{left}answer{right}{a}{left}/answer{right}"),
)

# (what it is about, item["A"], completion), or both twice, of which the first are asked about before
CORRECT_TEXTS: tuple[tuple[str, ...], ...] = (
    ("the only number", "{a}", "<think>{words}</think><answer>{a}</answer>{after}"),
    ("the last number", "{a}", "<think>{reason}</think><answer>{a}</answer>{after}"),
    ("right first, wrong last", "{a}", "<think>{a}</think><answer>{b}</answer>{after}"),
    ("a number behind the blocks", "{a}", "<think>{words}</think><answer>{a}</answer> {words} {b}"),
    ("no format at all", "{a}", "{before}I think it is {a}."),
    ("an empty answer block", "{a}", "<think>{words} {a}</think><answer></answer>"),
    ("two numbers, a space between", "{b}", "{before}that makes {a} {b}"),
    ("two numbers, a comma and a space between", "{b}", "{before}that makes {a}, {b}"),
    ("a long text before or after it", "{a}", "{long} {a}"),
    ("a long text before or after it", "{a}", "{before}<answer>{a}</answer> {long}"),
    ("zero", "0", "{before}<answer>0</answer>{after}"),
    ("zero", "0", "{before}<answer>-0.00</answer>{after}"),
    ("wrong number", "{a}", "<think>{reason}</think><answer>{b}</answer>{after}"),
    ("right digits inside a longer number", "{a}", "{before}<answer>{b}{a}</answer>{after}"),
    ("no number", "{w}", "<think>{words}</think><answer>{word}</answer>{after}"),
    ("no number, after a text that had one", "{a}", "{before}{a}", "{a}", "<think>{words}</think><answer>{word}</answer>"),
    ("a text that another problem had before", "{b}", "{before}<answer>{a}</answer>", "{a}", "{before}<answer>{a}</answer>"),
    ("the next completion of a problem", "{a}", "{before}<answer>{b}</answer>", "{a}", "{before}<answer>{a}</answer>{after}"),
    ("an empty completion", "{a}", ""),
    ("a minus sign", "-{a}", "{before}<answer>-{a}</answer>{after}"),
    ("a minus sign behind white space", "-{a}", "{before}so it is -{a}"),
    ("a minus sign behind white space", "-{a}", "{before}so it is {b} -{a}"),
    ("a minus sign behind white space", "-{a}", "{before}so it is\n-{a}"),
    ("a minus sign at the beginning", "-{a}", "-{a} is what I think"),
    ("minus sign missing", "-{a}", "{before}<answer>{a}</answer>{after}"),
    ("minus sign too many", "{a}", "{before}<answer>-{a}</answer>{after}"),
    ("a plus sign", "{a}", "{before}<answer>+{a}</answer>{after}"),
    ("a difference, no sign", "{a}", "{before}so that is {b}-{a}"),
    ("thousands commas", "{k}{hhh}", "{before}<answer>{k},{hhh}</answer>{after}"),
    ("thousands commas, other number", "{zz}", "{before}<answer>{k},0{zz}</answer>{after}"),
    ("commas twice", "{k}{iii}{hhh}", "{before}<answer>{k},{iii},{hhh}</answer>{after}"),
    ("thousands commas and a decimal", "{k}{hhh}.{d}", "{before}<answer>{k},{hhh}.{d}</answer>{after}"),
    ("a decimal", "{k}.{d}", "{before}<answer>{k}.{d}</answer>{after}"),
    ("a negative decimal", "-{k}.{d}", "{before}<answer>-{k}.{d}</answer>{after}"),
    ("a negative decimal", "-0.{d}", "{before}<answer>-0.{d}</answer>{after}"),
    ("a negative decimal", "-0.{d}", "{before}<answer>-.{d}</answer>{after}"),
    ("zeros behind the point", "0.0{d}", "{before}<answer>0.0{d}</answer>{after}"),
    ("zeros behind the point, missing", "0.{d}", "{before}<answer>0.0{d}</answer>{after}"),
    ("part of a decimal", "{d}", "{before}<answer>{k}.{d}</answer>{after}"),
    ("a decimal that is an integer", "{a}", "{before}<answer>{a}.0</answer>{after}"),
    ("a full stop after it", "{a}", "{before}The answer is {a}."),
    ("a comma after it", "{a}", "{before}It is {a}, I think."),
    ("a line break after it", "{a}", "{before}It is {a}\r\n"),
    ("no digit before the point", "0.{d}", "{before}<answer>.{d}</answer>{after}"),
    ("a fraction", "{n}/{m}", "{before}<answer>{n}/{m}</answer>{after}"),
    ("a fraction as a decimal", "{n}/{m}", "{before}<answer>{n_by_m}</answer>{after}"),
    ("a fraction, not reduced", "{n}/{m}", "{before}<answer>{nf}/{mf}</answer>{after}"),
    ("a number behind a fraction", "{b}", "{before}{n}/{m} of it, so {b}"),
    ("denominator only", "{m}", "{before}<answer>{n}/{m}</answer>{after}"),
    ("a negative fraction", "-{n}/{m}", "{before}<answer>-{n}/{m}</answer>{after}"),
    ("a rounded fraction", "{third}", "{before}<answer>{rounded}</answer>{after}"),
    ("a fraction rounded far behind the point", "{third}", "{before}<answer>{far}</answer>{after}"),
    ("a fraction rounded far behind the point", "{third}", "{before}<answer>{farther}</answer>{after}"),
    ("an integer of many digits", "{huge}", "{before}<answer>{huge}</answer>{after}"),
    ("an integer of many digits", "{sixty}", "{before}<answer>{sixty}</answer>{after}"),
    ("exact beyond what a float holds", "{huge}", "{before}<answer>{huge_less_1}</answer>{after}"),
    ("nearly right", "0.{d}", "{before}<answer>0.{d}0000000001</answer>{after}"),
    ("division by zero", "{a}", "{before}<answer>{a}/0</answer>{after}"),
    ("division by zero", "{a}", "{before}<answer>{a}/00</answer>{after}"),
    ("division by zero after the answer", "{a}", "{before}it is {a}, or {b}/0"),
    ("division by zero, 0 is the answer", "0", "{before}<answer>{a}/0</answer>{after}"),
    ("zero by zero", "{a}", "{before}<answer>0/0</answer>{after}"),
    ("a unit after it", "{a}", "{before}<answer>{a} km</answer>{after}"),
    ("a unit right behind it", "{a}", "{before}<answer>{a}km</answer>{after}"),
    ("a percent sign after it", "{a}", "{before}<answer>{a}%</answer>"),
    ("a dollar sign before it", "{a}", "{before}<answer>${a}</answer>{after}"),
    ("a lone < before it", "{a}", "{before}<answer>x < {a}</answer>{after}"),
)

VISIBLE: Mapping[str, str] = {
    "a": "7", "b": "8", "k": "1", "d": "7", "hhh": "080", "iii": "234", "zz": "80", "n": "3", "m": "4", "n_by_m": "0.75",
    "nf": "6", "mf": "8", "third": "1/3", "rounded": "0.333", "far": f"0.{'3' * 28}", "farther": f"0.{'3' * 40}",
    "long": "We add one more apple. " * 150, "w": "7", "word": "seven",
    "sixty": "1234567890" * 6, "huge": "9007199254740993", "huge_less_1": "9007199254740992",
    "reason": "3 + 4 = 7", "words": "Sure!", "before": "", "after": "", "gap": " \n\t ", "blank": " ", "left": "[",
    "right": "]",
}  # fmt: skip
WORDS = ["well", "so", "then", "take", "both", "apples", "left", "we", "have", "in", "all", "now", "altogether", "each"]
NUMBER_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
ROUNDED = (("1/3", "0.333"), ("2/3", "0.667"), ("1/7", "0.143"), ("5/6", "0.833"), ("2/9", "0.222"), ("4/11", "0.364"))


def format_cases(seed: int | None = None) -> list[Case]:
    """One case for each completion of `FORMAT_TEXTS`; with a seed, `ROUNDS` in words and numbers drawn with it."""
    return [Case(f"{idea}: {_quoted(texts[-1])}", idea, _give([[text] for text in texts]))
            for idea, *texts in _filled(FORMAT_TEXTS, seed)]  # fmt: skip


def correct_cases(seed: int | None = None) -> list[Case]:
    """One case for each exact answer and completion of `CORRECT_TEXTS`; with a seed, `ROUNDS` drawn with it."""
    return [Case(f'{idea}: "A" = {parts[-2]}, {_quoted(parts[-1])}', idea,
                 _give([[{"Q": "How many?", "A": wanted}, text] for wanted, text in zip(parts[::2], parts[1::2], strict=True)]))
            for idea, *parts in _filled(CORRECT_TEXTS, seed)]  # fmt: skip


def _filled(forms: tuple[tuple[str, ...], ...], seed: int | None) -> Iterator[tuple[str, ...]]:
    rng = random.Random(seed)
    for idea, *parts in forms:
        for values in [VISIBLE] if seed is None else [_drawn(rng) for _ in range(ROUNDS)]:
            yield idea, *(part.format_map(values) for part in parts)


def _drawn(rng: random.Random) -> dict[str, str]:
    """Words and numbers for one case. Any keep the meaning of all forms: `a` and `b` differ, fractions are proper and reduced
    and have an end as decimals, `huge` is one more than an even number and the same as it in float64."""

    def number() -> int:
        return rng.randrange(1, 10 ** rng.randint(1, 4))

    def words(least: int = 1) -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(least, 6))).capitalize() + rng.choice((".", "!", ":", ""))

    def reason() -> str:
        x, y = number(), number()
        return rng.choice((f"{x} + {y} = {x + y}", f"{words()} {x} and {y}", f"{x} × {y} is {x * y}, {words()}"))

    a, b, k, f = number(), number(), rng.randint(1, 99), rng.randint(2, 9)
    d = rng.randrange(1, 10 ** rng.randint(1, 3)) * 10 + rng.randint(1, 9)
    m = rng.choice((2, 4, 5, 8))
    n = rng.choice([n for n in range(1, m) if m % 2 or n % 2])
    third, rounded = rng.choice(ROUNDED)
    huge = 2**53 + 4 * rng.randrange(2**40) + 1
    w = rng.randrange(len(NUMBER_WORDS))
    p, q = map(int, third.split("/"))
    left, right = rng.choice(("[]", "{}", "()"))
    return {
        "a": str(a), "b": str(b if b != a else b + 1), "k": str(k), "d": str(d), "hhh": f"{rng.randrange(1000):03}",
        "iii": f"{rng.randrange(1000):03}", "zz": str(rng.randint(10, 99)), "n": str(n), "m": str(m), "n_by_m": str(n / m),
        "nf": str(n * f), "mf": str(m * f), "third": third, "rounded": rounded, "far": f"0.{p * 10**28 // q:028}",
        "farther": f"0.{p * 10**40 // q:040}", "long": " ".join(words(3) for _ in range(120)), "w": str(w),
        "word": NUMBER_WORDS[w], "huge": str(huge), "huge_less_1": str(huge - 1), "sixty": str(rng.randrange(10**59, 10**60)),
        "reason": reason(), "words": words(), "left": left, "right": right,
        "before": rng.choice(("", f"{words(2)} ", f"<think>{reason()}</think>", f"{reason()}\n")),
        "after": rng.choice(("", "", f" {words(2)}", f"\n{words(2)}")),
        "gap": "".join(rng.sample(" \n\t", 3)) + " " * rng.randint(0, 2), "blank": rng.choice(" \n\t"),
    }  # fmt: skip


def _give(asked: list[list[Any]]) -> Callable[[Subject], Outcome]:
    def run(subject: Subject) -> Outcome:
        outcome: Outcome = subject.ask("reward", arguments=asked[-1], before=asked[:-1])
        return outcome

    return run


def _quoted(text: str) -> str:
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN // 2]} … {text[-LONGEST_SHOWN // 2 :]}"
    return f"“{shown}”".replace("\r", "").replace("\n", "⏎") if text else "(nothing)"
