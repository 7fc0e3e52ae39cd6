"""The cases of `reward_format` and `reward_correct`: completions, and what each of them is about."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from labkit.checks.case import Case
from labkit.checks.subject import Outcome, Subject

LONGEST_SHOWN = 120  # characters of a completion
# Without these nothing else counts: who says yes only to what came before would earn points for that.
FORMAT_SUBSTANCE = ("as asked", "several lines")
ROUNDS = 3  # hidden cases for each idea: whoever guesses one of two answers seldom guesses three
MANY = 150  # hidden cases for what brings many ideas together: some meet where nobody thought of it

# (what it is about, completion); names in braces are filled in by `VISIBLE` or, for hidden cases, by `_drawn`. Where there are
# two completions, the first is asked about before: a reward depends on nothing that was asked earlier.
FORMAT_TEXTS: tuple[tuple[str, ...], ...] = (
    ("as asked", "<think>{reason}</think><answer>{a}</answer>"),
    ("several lines", "<think>{words}\n{reason}</think>\n<answer>\n{a}\n</answer>"),
    ("several lines", "<think>{words}\r\n{reason}</think>\r\n<answer>{a}\r\n</answer>"),
    ("white space between the blocks", "<think>{reason}</think>{gap}<answer>{a}</answer>"),
    ("white space between the blocks", "<think>{reason}</think>{white}<answer>{a}</answer>"),
    ("white space between the blocks", "<think>{reason}</think>{wide}<answer>{a}</answer>"),
    ("nothing inside", "<think></think>{break}<answer></answer>"),
    ("nothing inside", "<think>{reason}</think><answer></answer>"),
    ("nothing inside", "<think></think><answer>{a}</answer>"),
    ("white space alone inside", "<think>{blank}</think><answer>{blanks}</answer>"),
    ("anything inside", "<think>{anything}</think>{break}<answer>{a}</answer>"),
    ("anything inside", "<think>{reason}</think><answer>{anything}</answer>"),
    ("anything inside, both times", "<think>{anything}</think>{break}<answer>{anything else}</answer>"),
    ("anything inside, both times", "<think>{a} <</think>{break}<answer>think> {b}</answer>"),
    ("what is nearly a tag inside", "<think>{near}</think><answer>{a}</answer>"),
    ("what is nearly a tag inside", "<think>{reason}</think><answer>{near}</answer>"),
    ("what is nearly a tag inside", "<think>{reason} &lt;answer&gt;</think><answer>{a}</answer>"),
    ("another tag inside a block", "<think><b>{words}</b> <thinking></think><answer>{a}</answer>"),
    ("another tag inside a block", '<think>{reason}</think><answer><answer id="1">{a}</answer>'),
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
    ("text before", "{near}<think>{reason}</think><answer>{a}</answer>"),
    ("text after", "<think>{reason}</think><answer>{a}</answer>{near}"),
    ("text before", "{greeting}\n<think>{reason}</think><answer>{a}</answer>"),
    ("text after", "<think>{reason}</think><answer>{a}</answer> {words}"),
    (
        "a long text, now with text after it",
        "<think>{long}</think><answer>{a}</answer>",
        "<think>{long}</think><answer>{a}</answer> {words}",
    ),
    (
        "a completion that came before",
        "<think>{reason}</think>{break}<answer>{a}</answer>",
        "<think>{reason}</think>{break}<answer>{a}</answer>",
    ),
    (
        "a completion that came before, with a little more around it now",
        "<think>{reason}</think><answer>{a}</answer>",
        "<think>{reason}</think><answer>{a}</answer>{white}",
    ),
    (
        "a completion that came before, with a little more around it now",
        "<think>{reason}</think><answer>{a}</answer>",
        "{white}<think>{reason}</think><answer>{a}</answer>",
    ),
    (
        "a completion that came before, with a little less around it now",
        "<think>{reason}</think><answer>{a}</answer>{white}",
        "<think>{reason}</think><answer>{a}</answer>",
    ),
    ("white space before", "{white}<think>{reason}</think><answer>{a}</answer>"),
    ("white space after", "<think>{reason}</think><answer>{a}</answer>{white}"),
    ("a line break after", "<think>{reason}</think><answer>{a}</answer>\n"),
    ("a line break after", "<think>{reason}</think><answer>{a}</answer>\r"),
    ("marks around it", "{around[0]}<think>{reason}</think><answer>{a}</answer>{around[1]}"),
    ("a mark before", "{mark}<think>{reason}</think><answer>{a}</answer>"),
    ("a mark after", "<think>{reason}</think><answer>{a}</answer>{mark}"),
    ("text between the blocks", "<think>{reason}</think> {words} <answer>{a}</answer>"),
    ("text between the blocks", "<think>{reason}</think>{letter}<answer>{a}</answer>"),
    ("text between the blocks", "<think>{reason}</think>{wide}{letter}<answer>{a}</answer>"),
    ("text between the blocks", "<think>{reason}</think>{break}{mark}{break}<answer>{a}</answer>"),
    ("text between the blocks", "<think>{reason}</think>{near}<answer>{a}</answer>"),
    ("blocks in the wrong order", "<answer>{a}</answer><think>{reason}</think>"),
    ("blocks that overlap", "<think>{reason}<answer>{a}</think>{b}</answer>"),
    ("two think blocks", "<think>{words}</think><think>{reason}</think><answer>{a}</answer>"),
    ("two answer blocks", "<think>{reason}</think><answer>{a}</answer><answer>{b}</answer>"),
    ("all of it twice", "<think>{reason}</think><answer>{a}</answer>{break}<think>{words}</think><answer>{b}</answer>"),
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
    ("a tag too many, anywhere", "{too many}"),
    ("a tag too few", "{too few}"),
    ("tags in another order", "{disorder}"),
    ("a tag that is none", "{odd[0]}think{odd[1]}{reason}</think><answer>{a}</answer>"),
    ("a tag that is none", "<think>{reason}{odd[0]}/think{odd[1]}<answer>{a}</answer>"),
    ("a tag that is none", "<think>{reason}</think>{odd[0]}answer{odd[1]}{a}</answer>"),
    ("a tag that is none", "<think>{reason}</think><answer>{a}{odd[0]}/answer{odd[1]}"),
    ("other brackets", "{left}think{right}{reason}{left}/think{right}{left}answer{right}{a}{left}/answer{right}"),
    ("any completion as asked", "{good}"),
    ("as asked but for one thing, anywhere", "{spoilt}"),
)

# (what it is about, item["A"], completion), or both twice, of which the first are asked about before
CORRECT_TEXTS: tuple[tuple[str, ...], ...] = (
    ("the only number", "{a}", "<think>{words}</think><answer>{a}</answer>{after}"),
    ("the last number", "{a}", "<think>{reason}</think><answer>{a}</answer>{after}"),
    ("the answer twice", "{a}", "<think>{words} {a}</think><answer>{a}</answer>{after}"),
    ("the answer twice", "{a}", "{before}{a}, not {b}: {a}{after}"),
    ("right first, wrong last", "{a}", "<think>{a}</think><answer>{b}</answer>{after}"),
    ("a number behind the blocks", "{a}", "<think>{words}</think><answer>{a}</answer> {words} {b}"),
    ("no format at all", "{a}", "{before}I think it is {a}."),
    ("an empty answer block", "{a}", "<think>{words} {a}</think><answer></answer>"),
    ("two numbers, a space between", "{b}", "{before}that makes {a} {b}"),
    ("two numbers, a comma and a space between", "{b}", "{before}that makes {a}, {b}"),
    ("two numbers, a comma and a space between", "{ccc}", "{before}that makes {k}, {ccc}"),
    ("two numbers, something else between", "{b}", "{before}that makes\n{a}\n{b}"),
    ("two numbers, something else between", "{b}", "{before}that makes {a}{between}{b}"),
    ("a long text before or after it", "{a}", "{long} {a}"),
    ("a long text before or after it", "{a}", "{before}<answer>{a}</answer> {long}"),
    ("zero", "0", "{before}<answer>0</answer>{after}"),
    ("zero", "0", "{before}<answer>-0.00</answer>{after}"),
    ("zero", "0", "{before}<answer>0/{m}</answer>{after}"),
    ("wrong number", "{a}", "<think>{reason}</think><answer>{b}</answer>{after}"),
    ("wrong number", "-1", "{before}<answer>-2</answer>{after}"),
    ("right digits inside a longer number", "{a}", "{before}<answer>{b}{a}</answer>{after}"),
    ("no number", "{spelled[0]}", "<think>{words}</think><answer>{spelled[1]}</answer>{after}"),
    ("no number, 0 is the answer", "0", "<think>{words}</think><answer>{word}</answer>"),
    ("no number, after a text that had one", "{a}", "{before}{a}", "{a}", "<think>{words}</think><answer>{word}</answer>"),
    ("a text that another problem had before", "{b}", "{before}<answer>{a}</answer>", "{a}", "{before}<answer>{a}</answer>"),
    ("a text that another problem had before", "{alike}", "{before}<b>{x}</b>", "{x}", "{before}<b>{x}</b>"),
    ("the next completion of a problem", "{a}", "{before}<answer>{b}</answer>", "{a}", "{before}<answer>{a}</answer>{after}"),
    ("the same completion again", "{a}", "{before}<answer>{a}</answer>{after}", "{a}", "{before}<answer>{a}</answer>{after}"),
    ("a text like one that came before", "{b}", "{before}{b} or {a} or so", "{b}", "{before}{a} or {b} or so"),
    ("a text like one that came before", "{k}{zz}", "{before}it is {k} {zz}", "{k}{zz}", "{before}it is {k}{zz}"),
    ("a text like one that came before", "-{a}", "{before}it is {a}", "-{a}", "{before}it is -{a}"),
    ("a text like one that came before", "{b}", "{long} {a}", "{b}", "{long} {b}"),
    ("an empty completion", "{a}", ""),
    ("a minus sign", "-{a}", "{before}<answer>-{a}</answer>{after}"),
    ("a minus sign behind white space", "-{a}", "{before}so it is -{a}"),
    ("a minus sign behind white space", "-{a}", "{before}so it is {b} -{a}"),
    ("a minus sign behind white space", "-{a}", "{before}so it is\n-{a}"),
    ("a minus sign behind white space", "-{a}", "{before}so it is:{white}-{a}{after}"),
    ("a plus sign behind white space", "{a}", "{before}so it is:{white}+{a}{after}"),
    ("a minus sign behind a tag", "-{a}", "{before}so it is {tag}-{a}{after}"),
    ("a minus sign behind a tag", "-{a}", "{before}so it is <b>{b}</b>-{a}{after}"),
    ("a minus sign at the beginning", "-{a}", "-{a} is what I think"),
    ("a minus sign at the beginning", "-{a}", "-{a}"),
    ("minus sign missing", "-{a}", "{before}<answer>{a}</answer>{after}"),
    ("minus sign too many", "{a}", "{before}<answer>-{a}</answer>{after}"),
    ("a plus sign", "{a}", "{before}<answer>+{a}</answer>{after}"),
    ("minus sign missing", "-{k}.{d}", "{before}<answer>{k}.{d}</answer>{after}"),
    ("minus sign missing", "-0.{d}", "{before}<answer>0.{d}</answer>{after}"),
    ("minus sign too many", "0.{d}", "{before}<answer>-0.{d}</answer>{after}"),
    ("minus sign missing", "-{n}/{m}", "{before}<answer>{n}/{m}</answer>{after}"),
    ("minus sign too many", "{n}/{m}", "{before}<answer>-{n}/{m}</answer>{after}"),
    ("a difference, no sign", "{a}", "{before}so that is {b}-{a}"),
    ("a difference, no sign", "{a}", "{before}so that is {b}0-{a}"),
    ("a difference, no sign", "{a}", "{e}-{a}"),
    ("a difference, no sign", "{n}/{m}", "{before}so that is {b}-{n}/{m}"),
    ("a difference, no sign", "0.{d}", "{before}so that is {b}-.{d}"),
    ("a difference, no sign", "{n}/{m}", "{before}so that is {n}/{m}-{n}/{m}"),
    ("a difference, no sign", "0.{d}", "{before}so that is {k}.{d}-0.{d}"),
    ("a difference, no sign", "{zz}", "{before}so that is {k},{hhh}-{zz}"),
    ("a calculation in the answer block", "{b}", "{before}<answer>{a}{sum}{b}</answer>{after}"),
    ("thousands commas", "{k}{hhh}", "{before}<answer>{k},{hhh}</answer>{after}"),
    ("thousands commas, other number", "{zz}", "{before}<answer>{k},0{zz}</answer>{after}"),
    ("thousands commas", "{ccc}{hhh}", "{before}<answer>{ccc},{hhh}</answer>{after}"),
    ("commas twice", "{k}{iii}{hhh}", "{before}<answer>{k},{iii},{hhh}</answer>{after}"),
    ("thousands commas and a decimal", "{k}{hhh}.{d}", "{before}<answer>{k},{hhh}.{d}</answer>{after}"),
    ("thousands commas and a decimal", "{k}{hhh}.0{d}", "{before}<answer>{k},{hhh}.0{d}</answer>{after}"),
    ("a decimal", "{k}.{e}", "{before}<answer>{k}.{e}</answer>{after}"),
    ("a decimal", "{k}.{d}", "{before}<answer>{k}.{d}</answer>{after}"),
    ("a negative decimal", "-{k}.{d}", "{before}<answer>-{k}.{d}</answer>{after}"),
    ("a negative decimal", "-0.{d}", "{before}<answer>-0.{d}</answer>{after}"),
    ("a negative decimal", "-0.{d}", "{before}<answer>-.{d}</answer>{after}"),
    ("zeros behind the point", "0.0{d}", "{before}<answer>0.0{d}</answer>{after}"),
    ("zeros behind the point, missing", "0.{d}", "{before}<answer>0.0{d}</answer>{after}"),
    ("part of a decimal", "{d}", "{before}<answer>{k}.{d}</answer>{after}"),
    ("a decimal that is an integer", "{a}", "{before}<answer>{a}.0</answer>{after}"),
    ("a full stop after it", "{a}", "{before}The answer is {a}."),
    ("a full stop after it", "{n}/{m}", "{before}The answer is {n}/{m}."),
    ("a full stop after it", "{k}.{d}", "{before}The answer is {k}.{d}."),
    ("a full stop after it", "{k}{hhh}", "{before}The answer is {k},{hhh}."),
    ("a comma after it", "{a}", "{before}It is {a}, I think."),
    ("a line break after it", "{a}", "{before}It is {a}\r\n"),
    ("no digit before the point", "0.{d}", "{before}<answer>.{d}</answer>{after}"),
    ("no digit before the point", "0.{e}", "{before}<answer>.{e}</answer>{after}"),
    ("no digit before the point", "0.{e}", "{before}so it is $.{e}{after}"),
    ("no digit before the point", "0.{d}", "{before}so it is (.{d}){after}"),
    ("a fraction", "{n}/{m}", "{before}<answer>{n}/{m}</answer>{after}"),
    ("a fraction", "{nnn}/{mmm}", "{before}<answer>{nnn}/{mmm}</answer>{after}"),
    ("a fraction as a decimal", "{n}/{m}", "{before}<answer>{n_by_m}</answer>{after}"),
    ("a fraction, not reduced", "{n}/{m}", "{before}<answer>{nf}/{mf}</answer>{after}"),
    ("a number behind a fraction", "{b}", "{before}{n}/{m} of it, so {b}"),
    ("denominator only", "{m}", "{before}<answer>{n}/{m}</answer>{after}"),
    ("denominator only", "{mmm}", "{before}<answer>{nnn}/{mmm}</answer>{after}"),
    ("a negative fraction", "-{n}/{m}", "{before}<answer>-{n}/{m}</answer>{after}"),
    ("a negative fraction as a decimal", "-{n}/{m}", "{before}<answer>-{n_by_m}</answer>{after}"),
    ("a rounded fraction", "{third}", "{before}<answer>{rounded}</answer>{after}"),
    ("a fraction rounded far behind the point", "{third}", "{before}<answer>{far}</answer>{after}"),
    ("a fraction rounded far behind the point", "{third}", "{before}<answer>{farther}</answer>{after}"),
    ("an integer of many digits", "{huge}", "{before}<answer>{huge}</answer>{after}"),
    ("an integer of many digits", "{sixty}", "{before}<answer>{sixty}</answer>{after}"),
    ("a number behind one of many digits", "{a}", "{before}{sixty} is too much, {a}{after}"),
    ("exact beyond what a float holds", "{huge}", "{before}<answer>{huge_less_1}</answer>{after}"),
    ("nearly right", "0.{d}", "{before}<answer>0.{d}0000000001</answer>{after}"),
    ("division by zero", "{a}", "{before}<answer>{a}/0</answer>{after}"),
    ("division by zero", "{a}", "{before}<answer>{a}/00</answer>{after}"),
    ("division by zero after the answer", "{a}", "{before}it is {a}, or {b}/0"),
    ("division by zero in a thought", "{a}", "<think>{b}/0, {words}</think><answer>{a}</answer>{after}"),
    ("division by zero, 0 is the answer", "0", "{before}<answer>{a}/0</answer>{after}"),
    ("zero by zero", "{a}", "{before}<answer>0/0</answer>{after}"),
    ("zero by zero", "0", "{before}<answer>0/0</answer>{after}"),
    ("a unit after it", "{a}", "{before}<answer>{a} km</answer>{after}"),
    ("a unit right behind it", "{a}", "{before}<answer>{a}{unit}</answer>{after}"),
    ("a sign of calculation behind it", "{a}", "{before}it is {a} {operator} {word}"),
    ("a sign of calculation behind it", "{a}", "{before}it is {a} - {word}"),
    ("a sign of calculation behind it", "{a}", "{before}it is {a} + {word}"),
    ("a sign of calculation behind it", "{a}", "{before}it is {a} / {word}"),
    ("a unit right behind it", "{a}", "{before}it is ${a}/month{after}"),
    ("a unit right behind it", "{k}{hhh}", "{before}<answer>{k},{hhh}km</answer>{after}"),
    ("a percent sign after it", "{a}", "{before}<answer>{a}%</answer>"),
    ("a dollar sign before it", "{a}", "{before}<answer>${a}</answer>{after}"),
    ("a lone < before it", "{a}", "{before}<answer>x < {a}</answer>{after}"),
    ("numbers in an expression", "{b}", "{before}{a}{operator}{b}{after}"),
    ("numbers in an expression", "{b}", "{before}{a} km/{b}{after}"),
    ("numbers in an expression", "{b}", "{before}\\frac{{{a}}}{{{b}}}"),
    ("numbers in an expression", "{b}", "{before}\\boxed{{{a}}}, no: {b}"),
    ("a number in parentheses", "{b}", "{before}{a} (or {b})"),
    ("an ellipsis after it", "{a}", "{before}so it is {a}..."),
    ("a number before a fraction", "{n}/{m}", "{before}it is {a} {n}/{m}"),
    ("a negative number with thousands commas", "-{k}{hhh}", "{before}<answer>-{k},{hhh}</answer>{after}"),
    ("the last of several numbers", "{last}", "{several}"),
    ("the last of many numbers", "{last}", "{many}"),
    ("not the last of several numbers", "{earlier}", "{several}"),
    ("not the last of many numbers", "{earlier}", "{many}"),
    ("any number, anywhere", "{its value}", "{anywhere}"),
    ("another answer, to any number, anywhere", "{no value}", "{anywhere}"),
)

VISIBLE: Mapping[str, str | tuple[str, str]] = {
    "x": "17", "alike": "18", "letter": "x",
    "a": "7", "b": "8", "k": "1", "d": "7", "hhh": "080", "iii": "234", "zz": "80", "n": "3", "m": "4", "n_by_m": "0.75",
    "nf": "6", "mf": "8", "nnn": "7", "mmm": "125",
    "third": "1/3", "rounded": "0.333", "far": f"0.{'3' * 28}", "farther": f"0.{'3' * 40}",
    "long": "We add one more apple. " * 150, "word": "seven",
    "sixty": "1234567890" * 6, "huge": "9007199254740993", "huge_less_1": "9007199254740992",
    "reason": "3 + 4 = 7", "words": "Sure!", "before": "", "after": "", "gap": " \n\t ", "break": "", "blank": " ",
    "blanks": "\n", "left": "[", "right": "]", "anything": "3 < 4, <b>so</b>\n{7} &lt; [8] </thinking>",
    "anything else": "> <i>\t7",
    "too many": "<think>3 + 4</think><answer>7</answer></think>", "too few": "<think>3 + 4<answer>7</answer>",
    "disorder": "<think>3 + 4<answer></think>7</answer>",
    "around": ("```\n", "\n```"), "mark": "<|im_end|>", "odd": ("<", ' id="1">'),
    "spelled": ("7", "seven"), "tag": "<br/>", "unit": "k", "wide": " \n" * 30,
    "e": "5", "ccc": "123", "near": "<answers>",
    "operator": "*", "sum": "+", "greeting": "Answer:", "between": "\n", "white": "\t",
    "last": "12", "earlier": "1080", "anywhere": "5-.5</b>, so", "its value": "0.5", "no value": "-0.5",
    "several": "First 1,080, then 3/4 of it; <b>-2.50</b>\nSo: $12.",
    "good": "<think>3 < 4</think>\r\n\r\n<answer></think ></answer>", "spoilt": "<think>3 + 4</think><answer>7</answer",
    "many": "1,080 in all. Of these 3/4, or -0.75?\n<i>+8%</i> is it, no: 1080 km, 5 each and (then) .5, so 12.0!",
}  # fmt: skip
NUMBER_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
TAGS = ("<think>", "</think>", "<answer>", "</answer>")
# Of these a hidden case shows each, not one that is drawn: who knows of one does not know of the next.
KINDS: Mapping[str, tuple[str | tuple[str, str], ...]] = {
    # what people, programs and tokenizers put around a text or between its parts
    "around": (("```\n", "\n```"), ("```xml\n", "\n```"), ("`", "`"), ('"', '"'), ("**", "**"), ("<p>", "</p>"), ("(", ")"),
               ("$", "$"), ("<output>", "</output>"), ("<|im_start|>assistant\n", "<|im_end|>"), ("“", "”")),
    "mark": ("<|im_end|>", "<|endoftext|>", "<s>", "</s>", "<eos>", "[/INST]", "```", "**", "---", "<br>", "<br/>", "&nbsp;",
             "\\n", "\u200b", "\ufeff", "<!-- -->", "#", "'", '"', "…"),
    "near": ("<thinking>", "</thinks>", "<answers>", "</answered>", "<think", "</think", "<answer", "</answer", "think>",
             "/think>", "answer>", "/answer>", "<Think>", "</ANSWER>", "< answer>", '<think id="1">', "</answer >", "<answer/>",
             "&lt;answer&gt;", "&lt;/think&gt;", "<", ">"),
    "greeting": ("Answer:", "Sure!", "Here is my answer:", "OK", "Assistant:", "Solution", "1.", "<answer:>", "Let me think."),
    # what makes a tag of a name, nearly
    "odd": (("<", ' id="1">'), ("<", "/>"), ("<", "s>"), ("<", "_>"), ("<_", ">"), ("<", "\n>"), ("<", ""), ("", ">"),
            ("[", "]"), ("&lt;", "&gt;"), ("＜", "＞"), ("<", "\u200b>")),
    "between": ("\n", "\t", "\r\n", "\n\n", "; ", " = ", " -> ", " → ", " to ", " or ", " and ", "</b><b>", ": ", " (", " | ",
                "? ", "! ", " & "),
    "operator": ("*", "×", "·", "^", "**", "=", "≈", ":", "÷", "<", "|", "&"),
    "spelled": tuple((str(number), word) for number, word in enumerate(NUMBER_WORDS)),
    "tag": ("<answer>", "<b>", "</b>", "<br/>", "<h1>", "<B>", '<a href="x">', "<answer >"),
    "unit": ("km", "k", "K", "m", "M", "kg", "h", "x", "th", "€", "°", "/h"),
    "sum": ("+", "-", "*", " + ", " * "),
    "white": (" ", "\t", "\n", "\r\n", "  ", "\n\n", " \t"),
}  # fmt: skip
WORDS = ["well", "so", "then", "take", "both", "apples", "left", "we", "have", "in", "all", "now", "altogether", "each"]
ROUNDED = (("1/3", "0.333"), ("2/3", "0.667"), ("1/7", "0.143"), ("5/6", "0.833"), ("2/9", "0.222"), ("4/11", "0.364"))


def format_cases(seed: int | None = None) -> list[Case]:
    """One case for each completion of `FORMAT_TEXTS`; with a seed, those of `_rounds`, drawn with it."""
    return [Case(f"{idea}: {_quoted(texts[-1])}", idea, _give([[text] for text in texts]), idea in FORMAT_SUBSTANCE)
            for idea, *texts in _filled(FORMAT_TEXTS, seed)]  # fmt: skip


def correct_cases(seed: int | None = None) -> list[Case]:
    """One case for each exact answer and completion of `CORRECT_TEXTS`; with a seed, those of `_rounds`, drawn with it."""
    return [Case(f'{idea}: "A" = {parts[-2]}, {_quoted(parts[-1])}', idea,
                 _give([[{"Q": f"Is it 1000003, {wanted} or 0.17?", "A": wanted}, text]
                        for wanted, text in zip(parts[::2], parts[1::2], strict=True)]))
            for idea, *parts in _filled(CORRECT_TEXTS, seed)]  # fmt: skip


def _filled(forms: tuple[tuple[str, ...], ...], seed: int | None) -> Iterator[tuple[str, ...]]:
    rng = random.Random(seed)
    for idea, *parts in forms:
        for values in [VISIBLE] if seed is None else _rounds(rng, "".join(parts)):
            yield idea, *(part.format_map(values) for part in parts)


def _rounds(rng: random.Random, form: str) -> list[dict[str, str | tuple[str, str]]]:
    """Draws for the hidden cases of a form: one for each of the kinds that there are of something in it, else `ROUNDS` or,
    where it is any text, `MANY`."""
    name = next((name for name in KINDS if f"{{{name}" in form), None)
    rounds = MANY if form.endswith(("{anywhere}", "{good}", "{spoilt}")) else ROUNDS
    return [_drawn(rng) for _ in range(rounds)] if name is None else [_drawn(rng) | {name: kind} for kind in KINDS[name]]


def _drawn(rng: random.Random) -> dict[str, str | tuple[str, str]]:
    """Words and numbers for one case. Any keep the meaning of all forms: `a` and `b` differ, fractions are proper and reduced
    and have an end as decimals, `huge` is one more than an even number and the same as it in float64."""

    def number() -> int:
        return rng.randrange(1, 10 ** rng.randint(1, 4))

    def words(least: int = 1) -> str:
        drawn = [rng.choice((rng.choice(WORDS), _made_up(rng))) for _ in range(rng.randint(least, 6))]
        form = rng.choice(("{}", "{}", "“{}”", "({})"))
        return form.format(" ".join(drawn).capitalize()) + rng.choice((".", "!", ":", "?", ""))

    def reason() -> str:
        x, y = number(), number()
        return rng.choice((f"{x} + {y} = {x + y}", f"{words()} {x} and {y}", f"{x} × {y} is {x * y}, {words()}"))

    a, b, k, f = number(), number(), rng.randint(1, 99), rng.randint(2, 9)
    d = rng.randrange(1, 10 ** rng.randint(1, 3)) * 10 + rng.randint(1, 9)
    m = rng.choice((2, 4, 5, 8))
    n = rng.choice([n for n in range(1, m) if m % 2 or n % 2])
    third, rounded = rng.choice(ROUNDED)
    huge = 2**53 + 4 * rng.randrange(2**40) + 1
    p, q = map(int, third.split("/"))
    left, right = rng.choice(("[]", "{}", "()"))
    x, y = rng.randrange(1, 1000), rng.sample(range(10), 2)
    last, earlier = _number(rng), _number(rng)
    while Fraction(last[0]) == Fraction(earlier[0]):
        earlier = _number(rng)
    return {
        "x": f"{x}{y[0]}", "alike": f"{x}{y[1]}", "letter": rng.choice("abxyz.,;:-&/"),
        "e": str(rng.randint(1, 9)), "ccc": str(rng.randint(100, 999)),
        "a": str(a), "b": str(b if b != a else b + 1), "k": str(k), "d": str(d), "hhh": f"{rng.randrange(1000):03}",
        "iii": f"{rng.randrange(1000):03}", "zz": str(rng.randint(10, 99)), "n": str(n), "m": str(m), "n_by_m": str(n / m),
        "nf": str(n * f), "mf": str(m * f),
        "nnn": str(10 * rng.randrange(1000) + rng.choice((1, 3, 7, 9))), "mmm": str(10 ** rng.randint(2, 4)),
        "third": third, "rounded": rounded, "far": f"0.{p * 10**28 // q:028}",
        "farther": f"0.{p * 10**40 // q:040}", "long": f"{words(3)} " * rng.randint(200, 300),
        "word": rng.choice(NUMBER_WORDS), "sixty": str(rng.randrange(10**59, 10**60)),
        "huge": str(huge), "huge_less_1": str(huge - 1), "wide": "".join(rng.choices(" \n\t", k=99)),
        "reason": reason(), "words": words(), "left": left, "right": right,
        "before": rng.choice(("", f"{words(2)} ", f"<think>{reason()}</think>", f"{reason()}\n")),
        "after": rng.choice(("", "", f" {words(2)}", f"\n{words(2)}")),
        "gap": "".join(rng.sample(" \n\t", 3)) + " " * rng.randint(0, 2), "blank": _blanks(rng, 1), "blanks": _blanks(rng, 1),
        "break": _blanks(rng, 0), "anything": _anything(rng), "anything else": _anything(rng), **_broken(rng, reason(), str(a)),
        "last": last[0], "earlier": earlier[0], "several": _several(rng, 1, earlier[1], last[1]),
        "many": _several(rng, 6, earlier[1], last[1]), **_anywhere(rng), "good": "".join(_good(rng)), "spoilt": _spoilt(rng),
    }  # fmt: skip


def _made_up(rng: random.Random) -> str:
    """A word that no one has seen before."""
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyzäéñø", k=rng.randint(2, 9)))


def _blanks(rng: random.Random, least: int) -> str:
    return "".join(rng.choices(" \n\t", k=rng.randint(least, 5)))


def _anything(rng: random.Random) -> str:
    """What may stand inside a block: anything but the four tags."""
    pieces = ["<b>", "</b>", "<thinking>", "</Answer>", "<", ">", "< think>", "&lt;", "[1]", "{x}", "\n", "\t", "=>", "<3",
              "$5", *(_made_up(rng) for _ in range(6))]  # fmt: skip
    return " ".join(rng.sample(pieces, rng.randint(4, 9)))


def _broken(rng: random.Random, reason: str, answer: str) -> dict[str, str]:
    """A completion as asked in which one tag came in at some place, or went, or the tags have changed places."""
    pieces = [TAGS[0], reason, TAGS[1], _blanks(rng, 0), TAGS[2], answer, TAGS[3]]
    place, gone = rng.randint(0, len(pieces)), rng.choice((0, 2, 4, 6))
    tags = list(TAGS)
    while tags == list(TAGS):
        rng.shuffle(tags)
    return {
        "too many": "".join([*pieces[:place], rng.choice(TAGS), *pieces[place:]]),
        "too few": "".join([*pieces[:gone], *pieces[gone + 1 :]]),
        "disorder": "".join(part for pair in zip(tags, (*pieces[1:6:2], ""), strict=True) for part in pair),
    }


def _good(rng: random.Random) -> list[str]:
    """The seven pieces of a completion as asked, any text in its blocks; the tags are every second one."""

    def inside() -> str:
        return rng.choice(("", _blanks(rng, 1), _made_up(rng), str(rng.choice(KINDS["near"])), _anything(rng)))

    gap = "".join(rng.choices((" ", "\t", "\n", "\r\n"), k=rng.choice((0, 0, 1, 2, 9))))
    return [TAGS[0], inside(), TAGS[1], gap, TAGS[2], inside(), TAGS[3]]


def _spoilt(rng: random.Random) -> str:
    """A completion as asked, but for one thing: something around or between its blocks, a tag that is misspelt, missing, in
    another's place or there once more."""
    pieces = _good(rng)
    one, other = rng.sample((0, 2, 4, 6), 2)
    tag, place = pieces[one], rng.randint(1, len(pieces[one]) - 2)
    # Between its brackets: what stands beside a tag might bring a bracket that it lacks.
    misspelt = rng.choice((tag[:place] + rng.choice("x -_") + tag[place:], tag[:place] + tag[place + 1 :], tag.upper(),
                           tag[:2] + tag[2].upper() + tag[3:]))  # fmt: skip
    extra = str(rng.choice((_made_up(rng), rng.choice(KINDS["mark"]), rng.choice(KINDS["near"]), ".", "x")))
    match rng.randrange(6):
        case 0:
            pieces.insert(rng.choice((0, 7)), rng.choice((extra, str(rng.choice(KINDS["white"])))))
        case 1:
            pieces.insert(rng.choice((3, 4)), extra)
        case 2:
            pieces[one] = misspelt
        case 3:
            pieces[one] = ""
        case 4:
            pieces[one], pieces[other] = pieces[other], pieces[one]
        case _:
            pieces.insert(rng.randint(0, 7), tag)
    return "".join(pieces)


def _number(rng: random.Random) -> tuple[str, str]:
    """A number as `item["A"]` has it, and as a completion writes it, in another of its forms."""
    kind, sign = rng.randrange(4), rng.choice(("", "", "-"))
    if kind == 0:  # an integer
        whole = rng.randrange(1, 1000)
        return f"{sign}{whole}", f"{sign}{whole}{rng.choice(('', '', '.0', '.00'))}"
    if kind == 1:  # a large one
        whole = rng.randrange(1000, 10 ** rng.randint(4, 8))
        return f"{sign}{whole}", f"{sign}{whole:,}{rng.choice(('', '.0'))}"
    if kind == 2:  # a decimal
        text = f"{sign}{rng.randrange(100)}.{rng.randrange(1000):03}{rng.randint(1, 9)}"
        short = text.lstrip("-").startswith("0.")
        return text, text.replace("0.", ".", 1) if short else f"{text}{rng.choice(('', '0'))}"
    m = rng.choice((2, 4, 5, 8))
    n = rng.choice([n for n in range(1, 3 * m) if n % 2 and n % 5])
    forms = [f"{sign}{n}/{m}", f"{sign}{n / m}", f"{sign}{3 * n}/{3 * m}"]
    return rng.choice(forms[:2]), rng.choice(forms)


def _several(rng: random.Random, others: int, earlier: str, last: str) -> str:
    """A text of `others` numbers, and `earlier` somewhere among them, and at its end `last`; words and tags around each."""
    numbers = [*(_number(rng)[1] for _ in range(others)), earlier]
    rng.shuffle(numbers)
    text = ""
    for written in (*numbers, last):
        word = _made_up(rng)
        form = ("{} ", "<b>{}</b>, {w} ", "{w}: {} km, ", "{w} <i>{}</i> ", "{w} {}; ", "{}\n", "{w} > {}% ")
        text += rng.choice(form).format(written, w=word)
    return text + rng.choice(("", _made_up(rng), f"{_made_up(rng)}!"))


def _anywhere(rng: random.Random) -> dict[str, str]:
    """A number in one of its forms with something before and behind it; its value, and another one that a mistake may find."""
    value, written = _number(rng)
    again = value.lstrip("-"), written.lstrip("-")
    other_value, other = rng.choice((_number(rng), again))
    word = _made_up(rng)
    before = ["", f"{word} ", f"{word}:\t", f"{other}\n", f"{other} = ", f"{other}, {word} ", f"<think>{other}</think><answer>",
              f"{word} <b>", f"{other}<br/>"]  # fmt: skip
    if not written.startswith("-"):  # behind these a minus is no sign, or is not tested
        before += [f"{other}-", f"{other}-", "$", f"{word} (", f"{other} * ", f"{other}: $"]
    behind = ["", ".", "!", ")", "%", "?\n", " km", f", {word}", f" {word}", f". {word}", "</answer>", "</b>.\r\n", f"; {word}"]
    whole, *rest = (str(int(digits)) for digits in re.findall(r"\d+", value))
    others = [value[1:] if value.startswith("-") else f"-{value}", f"{value}1", whole, *rest, other_value, "0",
              str(int(whole + "".join(rest))), *(f"0.{part}" for part in rest)]  # fmt: skip
    wrong = [number for number in others if Fraction(number) != Fraction(value)]
    text = rng.choice(before) + written + rng.choice(behind)
    return {"anywhere": text, "its value": value, "no value": rng.choice(wrong)}


def _give(asked: list[list[Any]]) -> Callable[[Subject], Outcome]:
    def run(subject: Subject) -> Outcome:
        outcome: Outcome = subject.ask("reward", arguments=asked[-1], before=asked[:-1])
        return outcome

    return run


def _quoted(text: str) -> str:
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN // 2]} … {text[-LONGEST_SHOWN // 2 :]}"
    return f"“{shown}”".replace("\r", "\\r").replace("\n", "⏎").replace("\t", "⇥") if text else "(nothing)"
