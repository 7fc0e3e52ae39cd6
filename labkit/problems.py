"""What problems are and where they come from: generated arithmetic, or GSM8K.

A problem is a question and its exact answer. Everything here is decided by seeds, so that two processes, or two
machines, draw the same problems; no held-out question is ever drawn for training.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypedDict

from labkit.config import HUB_GSM8K, RunConfig
from labkit.errors import ConfigError, SetupError

Split = Literal["train", "heldout"]
Difficulty = Literal["mixed", "easy", "hard"]
Kind = Literal["integer", "decimal", "fraction"]
Operation = Literal["+", "-", "*", "/"]

SYSTEM_PROMPT = "Think, then answer with a number: <think>...</think><answer>...</answer>"


class Problem(TypedDict):
    """`Q` is the question; `A` the exact answer as text: `12`, `-3`, `1.7`, or in lowest terms `3/4`."""

    Q: str
    A: str


def messages(question: str) -> list[dict[str, str]]:
    """The conversation for the chat template: the system prompt, then the question."""
    return [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": question}]


def sampler(config: RunConfig, split: Split, seed: int) -> Iterator[Problem]:
    """Endless problems of the run's kind, decided by `seed`. GSM8K comes in shuffled epochs."""
    if config.problems == "arithmetic":
        return arithmetic(split, seed, config.difficulty)
    return _epochs(gsm8k(split, config.problems_path), seed)


def heldout(config: RunConfig) -> list[Problem]:
    """`config.heldout_problems` different held-out problems, the same ones whatever `config.seed` is.

    Raises ConfigError where there are not that many.
    """
    if config.problems == "gsm8k":
        available = len({problem["Q"] for problem in gsm8k("heldout", config.problems_path)})
        if available < config.heldout_problems:
            raise ConfigError(f"heldout_problems is {config.heldout_problems}, but GSM8K holds {available}; lower it")
    found: dict[str, Problem] = {}
    for problem in sampler(config, "heldout", seed=0):
        found.setdefault(problem["Q"], problem)
        if len(found) == config.heldout_problems:
            break
    return list(found.values())


# ---------------------------------------------------------------------------------------------------- arithmetic

OPERATIONS: dict[Operation, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
NAMES = ("Tom", "Ana", "Ben", "Mia", "Sam", "Eva", "Leo", "Zoe", "Max", "Ida")
THINGS = ("apples", "books", "cards", "coins", "cups", "eggs", "pens", "shells", "stamps", "toys")

_ALL: tuple[Kind, ...] = ("integer", "decimal", "fraction")
_TEMPLATES: tuple[tuple[Operation, tuple[Kind, ...], str], ...] = (
    ("+", ("integer",), "{name} has {a} {things} and gets {b} more. How many {things} does {name} have now?"),
    ("+", ("integer",), "There are {a} {things} in a box and {b} in a bag. How many {things} are there in all?"),
    ("+", _ALL, "{name} walks {a} km and then {b} km more. How many km is that in all?"),
    ("+", _ALL, "{name} has a bag of {a} kg and a box of {b} kg. How many kg is that in all?"),
    ("-", ("integer",), "{name} has {a} {things} and gives {b} to {other}. How many {things} are left?"),
    ("-", ("integer",), "{name} has {a} points and then loses {b} points. How many points are left?"),
    ("-", _ALL, "{name} has {a} m of rope and cuts off {b} m. How many m are left?"),
    ("-", _ALL, "A box of {a} kg is {b} kg too heavy for {name}. How many kg can {name} carry?"),
    ("*", ("integer",), "{name} has {a} boxes with {b} {things} in each box. How many {things} is that in all?"),
    ("*", ("integer", "decimal"), "{name} gets {b} dollars a day. How many dollars is that in {a} days?"),
    ("*", _ALL, "{name} walks {b} km a day. How many km is that in {a} days?"),
    ("/", ("integer",), "{name} has {a} {things} for {b} friends. How many {things} does each friend get?"),
    ("/", ("integer", "decimal"), "{name} pays {a} dollars for {b} {things}. How many dollars does each cost?"),
    ("/", _ALL, "{name} cuts {a} m of rope into {b} equal parts. How many m is each part?"),
)
_MAY_BE_NEGATIVE = "points"


@dataclass(frozen=True)
class Worked:
    """An arithmetic problem together with how it was made: `left operation right` is `answer`, all as text."""

    question: str
    left: str
    operation: Operation
    right: str
    answer: str
    kind: Kind
    hard: bool

    @property
    def problem(self) -> Problem:
        return {"Q": self.question, "A": self.answer}


def arithmetic(split: Split, seed: int, difficulty: Difficulty = "mixed") -> Iterator[Problem]:
    """Endless generated word problems of `split`, decided by `seed`. Texts may come again."""
    return (worked.problem for worked in worked_arithmetic(split, seed, difficulty))


def worked_arithmetic(split: Split, seed: int, difficulty: Difficulty = "mixed") -> Iterator[Worked]:
    """The same problems as `arithmetic`, with how each was made. `mixed` holds about 30 % hard ones."""
    rng = random.Random(f"{split} {seed} {difficulty}")
    while True:
        hard = difficulty == "hard" or (difficulty == "mixed" and rng.random() < 0.3)
        worked = _draw(rng, hard)
        if split_of(worked.question) == split:
            yield worked


def split_of(question: str) -> Split:
    """The split that a generated question belongs to, decided by its text: a tenth of all texts is held out."""
    digest = hashlib.sha256(question.encode()).digest()
    return "heldout" if int.from_bytes(digest[:8], "big") % 10 == 0 else "train"


def _draw(rng: random.Random, hard: bool) -> Worked:
    operation = rng.choice(tuple(OPERATIONS))
    kind = rng.choices(_ALL, weights=(5, 3, 2))[0]
    template = rng.choice([text for op, kinds, text in _TEMPLATES if op == operation and kind in kinds])
    a, b = (_fractions if kind == "fraction" else _integers_or_decimals)(rng, operation, kind, hard)
    if _MAY_BE_NEGATIVE in template and rng.random() < 0.5:
        a, b = b, a
    name, other = rng.sample(NAMES, 2)
    left, right = number_text(a, kind), number_text(b, kind)
    question = template.format(name=name, other=other, things=rng.choice(THINGS), a=left, b=right)
    return Worked(question, left, operation, right, number_text(OPERATIONS[operation](a, b), kind), kind, hard)


def _integers_or_decimals(rng: random.Random, operation: Operation, kind: Kind, hard: bool) -> tuple[Fraction, Fraction]:
    """Operands; decimals are integers over ten. Sums and differences up to 40 (hard: 200), times tables up to 9 (29)."""
    scale = 10 if kind == "decimal" else 1
    if operation in "+-":
        small, large = sorted(rng.sample(range(*((20, 200) if hard else (2, 40))), 2))
        a, b = (large, small) if operation == "-" or rng.random() < 0.5 else (small, large)
        return Fraction(a, scale), Fraction(b, scale)
    count, each = rng.randrange(2, 10), rng.randrange(*((11, 30) if hard else (2, 10)))
    if operation == "*":
        return Fraction(count), Fraction(each, scale)
    return Fraction(count * each, scale), Fraction(count)


def _fractions(rng: random.Random, operation: Operation, kind: Kind, hard: bool) -> tuple[Fraction, Fraction]:
    """Operands: two proper fractions for sums and differences, a fraction and a count for products and quotients."""
    denominator = rng.randrange(7, 10) if hard else rng.randrange(3, 7)
    a = Fraction(rng.randrange(1, denominator), denominator)
    if operation in "+-":
        b = a
        while b == a:
            other = rng.randrange(2, 6) if hard else denominator
            b = Fraction(rng.randrange(1, other), other)
        return (max(a, b), min(a, b)) if operation == "-" else (a, b)
    count = Fraction(rng.randrange(2, 10 if hard else 6))
    return (count, a) if operation == "*" else (a, count)


def number_text(value: Fraction, kind: Kind) -> str:
    """`12`, or where it is no integer `1.7` (a decimal must terminate) or in lowest terms `3/4`."""
    if value.denominator == 1 or kind == "fraction":
        return str(value)
    return str(Decimal(value.numerator) / Decimal(value.denominator))


# --------------------------------------------------------------------------------------------------------- GSM8K

_GSM8K_FILES: dict[Split, str] = {"train": "train.jsonl", "heldout": "test.jsonl"}


def gsm8k(split: Split, path: str | None = None) -> list[Problem]:
    """GSM8K's problems in their own order; its test set is the held-out split.

    `path` is a folder with `train.jsonl` and `test.jsonl`; without it they come from the hub (or its cache).
    Raises SetupError where they are not to be had, or a line is not a GSM8K problem.
    """
    rows = _gsm8k_from_hub(split) if path is None else _gsm8k_from_file(Path(path) / _GSM8K_FILES[split])
    return [{"Q": row["question"].strip(), "A": _gsm8k_answer(row["answer"])} for row in rows]


def _gsm8k_from_file(file: Path) -> list[dict[str, str]]:
    if not file.is_file():
        raise SetupError(
            f"there is no {file}; download {', '.join(_GSM8K_FILES.values())} of {HUB_GSM8K} ({_gsm8k_source()}) into that "
            "folder, or name another one as problems_path"
        )
    rows = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise SetupError(f"{file}, line {number} is not JSON ({error}); download the file again") from error
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("question", "answer")):
            raise SetupError(f'{file}, line {number} has no texts "question" and "answer"; is it GSM8K?')
        rows.append(row)
    return rows


def _gsm8k_from_hub(split: Split) -> list[dict[str, str]]:
    advice = (
        f"on a machine with network, download train.jsonl and test.jsonl of {HUB_GSM8K} ({_gsm8k_source()}), "
        "put both into one folder, and set problems_path to that folder"
    )
    try:
        import datasets
    except ImportError as error:
        raise SetupError(f"{HUB_GSM8K} needs the package datasets: `pip install datasets`; or, {advice}") from error
    try:
        dataset = datasets.load_dataset(HUB_GSM8K, "main", split="train" if split == "train" else "test")
    except (OSError, ValueError, RuntimeError) as error:  # no network, no cache, a broken download
        raise SetupError(f"cannot load {HUB_GSM8K} from the hub ({type(error).__name__}: {error}); {advice}") from error
    return [dict(row) for row in dataset]


def _gsm8k_source() -> str:
    return "github.com/openai/grade-school-math, folder grade_school_math/data"


def _gsm8k_answer(solution: str) -> str:
    """The number after `####`, without thousands commas. Raises SetupError where there is none."""
    answer = solution.rpartition("####")[2].strip().replace(",", "")
    try:
        Fraction(answer)
    except ValueError as error:
        raise SetupError(f"{solution[-60:]!r} does not end in '#### number'; is it GSM8K?") from error
    return answer


def _epochs(problems: list[Problem], seed: int) -> Iterator[Problem]:
    for epoch in itertools.count():
        yield from random.Random(f"{seed} {epoch}").sample(problems, len(problems))
