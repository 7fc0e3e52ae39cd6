"""Problems: the same for everyone, exact, and never held-out ones in training."""

import itertools
import json
import os
import re
import subprocess
import sys
import types
from fractions import Fraction
from pathlib import Path

import pytest

from labkit import functions
from labkit.cli import REFERENCE
from labkit.config import RunConfig
from labkit.errors import ConfigError, SetupError
from labkit.problems import arithmetic, gsm8k, heldout, messages, sampler, split_of, worked_arithmetic

GSM8K = Path(__file__).resolve().parents[2] / "shared" / "data" / "gsm8k"

# What a reader understands by each question: a phrase tells the operation, the numbers come in the text's order.
PHRASES = {
    "+": ("more.", "in a bag.", "a bag of"),
    "-": ("gives", "loses", "cuts off", "too heavy"),
    "*": ("boxes with", "a day"),
    "/": ("friends", "cost?", "equal parts"),
}


def draw(count, split="train", seed=0, difficulty="mixed"):
    return list(itertools.islice(arithmetic(split, seed, difficulty), count))


def solve(question):
    """The answer, worked out from nothing but the text."""
    (operation,) = [op for op, phrases in PHRASES.items() if any(phrase in question for phrase in phrases)]
    a, b = (Fraction(number) for number in re.findall(r"\d+(?:[./]\d+)?", question))
    return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[operation]()


def test_a_seed_decides_the_problems():
    assert draw(50, seed=3) == draw(50, seed=3)
    assert draw(50, seed=3) != draw(50, seed=4)
    assert draw(50) != draw(50, split="heldout")


def test_another_process_draws_the_same_and_loads_no_torch():
    code = (
        "import itertools, json, sys; from labkit.problems import arithmetic; "
        "assert 'torch' not in sys.modules, 'labkit.problems imports torch'; "
        "print(json.dumps(list(itertools.islice(arithmetic('heldout', 5), 30))))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert json.loads(run.stdout) == draw(30, split="heldout", seed=5)


def test_no_heldout_text_is_drawn_for_training():
    train = {problem["Q"] for problem in draw(20_000)}
    held = {problem["Q"] for problem in draw(4_000, split="heldout")}
    assert len(train) > 10_000
    assert len(held) > 2_000
    assert not train & held


def test_a_tenth_of_all_texts_is_held_out():
    share = sum(split_of(f"question {number}") == "heldout" for number in range(20_000)) / 20_000
    assert 0.09 < share < 0.11


@pytest.mark.parametrize("difficulty", ["easy", "hard"])
def test_answers_are_exact_and_written_in_one_way(difficulty):
    for problem in draw(3_000, difficulty=difficulty):
        answer = problem["A"]
        assert Fraction(answer) == solve(problem["Q"]), problem
        if "/" in answer:
            assert answer == str(Fraction(answer)), f"{problem} is not in lowest terms"
        else:
            assert re.fullmatch(r"-?(0|[1-9]\d*)(\.\d*[1-9])?", answer), problem


def test_every_operation_meets_every_kind_of_number():
    drawn = list(itertools.islice(worked_arithmetic("train", 0), 3_000))
    assert {(it.operation, it.kind) for it in drawn} == set(itertools.product("+-*/", ("integer", "decimal", "fraction")))
    answers = [it.answer for it in drawn]
    for kind, share in {"-": 0.01, ".": 0.1, "/": 0.1}.items():
        assert sum(kind in answer for answer in answers) > share * len(answers), f"few answers hold {kind!r}"
    assert len({re.sub(r"[A-Z]\w+|\d+(?:[./]\d+)?|\w+s\b", "_", it.question) for it in drawn}) >= 8


def test_difficulty():
    def hard_share(difficulty):
        return sum(it.hard for it in itertools.islice(worked_arithmetic("train", 0, difficulty), 2_000)) / 2_000

    assert hard_share("easy") == 0
    assert hard_share("hard") == 1
    assert 0.25 < hard_share("mixed") < 0.35


def test_questions_are_short():
    lengths = [len(problem["Q"].split()) for problem in draw(2_000)]
    assert min(lengths) >= 10
    assert max(lengths) <= 25


def test_messages_ask_for_the_format_and_then_the_question():
    system, user = messages("How many?")
    assert system["role"] == "system"
    assert re.search("<think>.*</think><answer>.*</answer>", system["content"])
    assert user == {"role": "user", "content": "How many?"}


def test_heldout_problems_are_different_and_the_same_for_every_seed():
    problems = heldout(RunConfig.create("tiny", heldout_problems=300))
    assert problems == heldout(RunConfig.create("tiny", heldout_problems=300, seed=9))
    assert len({problem["Q"] for problem in problems}) == 300
    assert all(split_of(problem["Q"]) == "heldout" for problem in problems)


def test_the_sampler_takes_the_configurations_difficulty():
    config = RunConfig.create("tiny", difficulty="hard")
    assert list(itertools.islice(sampler(config, "train", 2), 20)) == draw(20, seed=2, difficulty="hard")


# --------------------------------------------------------------------------------------------------------- GSM8K


@pytest.fixture
def folder(tmp_path):
    """Six training problems, answers 1000 to 6000, and one for testing."""
    lines = [json.dumps({"question": f"Q{n} ", "answer": f"so <<{n}=1>>\n#### {n},000"}) for n in range(1, 7)]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    (tmp_path / "test.jsonl").write_text('{"question": "T", "answer": "a - b\\n#### -3"}\n')
    return tmp_path


def test_gsm8k_answers_lose_commas_and_keep_the_sign(folder):
    assert gsm8k("train", str(folder))[0] == {"Q": "Q1", "A": "1000"}
    assert gsm8k("heldout", str(folder)) == [{"Q": "T", "A": "-3"}]


def test_gsm8k_is_shuffled_anew_in_each_epoch(folder):
    config = RunConfig.create("tiny", problems="gsm8k", problems_path=str(folder))
    first, second, third = ([p["Q"] for p in itertools.islice(sampler(config, "train", 1), n, n + 6)] for n in (0, 6, 12))
    assert sorted(first) == sorted(second) == sorted(third) == [f"Q{n}" for n in range(1, 7)]
    assert len({tuple(first), tuple(second), tuple(third)}) > 1
    assert first == [p["Q"] for p in itertools.islice(sampler(config, "train", 1), 6)]


def test_gsm8k_has_no_more_heldout_problems_than_it_has(folder):
    config = RunConfig.create("tiny", problems="gsm8k", problems_path=str(folder), heldout_problems=1)
    assert heldout(config) == [{"Q": "T", "A": "-3"}]
    with pytest.raises(ConfigError, match="heldout_problems is 2, but GSM8K holds 1"):
        heldout(RunConfig.create("tiny", problems="gsm8k", problems_path=str(folder), heldout_problems=2))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 is not JSON"),
        ('{"question": "Q"}', "line 2 has no texts"),
        ('{"question": "Q", "answer": "seven"}', "does not end in"),
        ('{"question": "Q", "answer": "#### seven"}', "does not end in"),
    ],
)
def test_a_broken_gsm8k_line_is_named(folder, line, message):
    (folder / "test.jsonl").write_text(f'{{"question": "T", "answer": "#### 1"}}\n{line}\n')
    with pytest.raises(SetupError, match=message):
        gsm8k("heldout", str(folder))


def test_missing_gsm8k_files_say_where_to_put_them(tmp_path):
    with pytest.raises(SetupError, match=r"there is no .*train\.jsonl; download"):
        gsm8k("train", str(tmp_path))


def test_gsm8k_without_network_says_what_to_do(monkeypatch):
    def load_dataset(*args, **kwargs):
        raise ConnectionError("no network")

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    with pytest.raises(SetupError, match=r"no network.*set problems_path"):
        gsm8k("train")


def test_gsm8k_without_the_package_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SetupError, match=r"pip install datasets.*set problems_path"):
        gsm8k("train")


def test_gsm8k_from_the_hub(monkeypatch):
    rows = [{"question": "Q", "answer": "#### 1,080"}]
    asked = []
    hub = types.SimpleNamespace(load_dataset=lambda *args, **kwargs: asked.append((args, kwargs)) or rows)
    monkeypatch.setitem(sys.modules, "datasets", hub)
    assert gsm8k("heldout") == [{"Q": "Q", "A": "1080"}]
    assert asked == [(("openai/gsm8k", "main"), {"split": "test"})]


@pytest.mark.skipif(not GSM8K.is_dir(), reason="GSM8K's own files are not beside the checkout (../shared/data/gsm8k)")
def test_gsm8ks_own_files():
    train, test = gsm8k("train", str(GSM8K)), gsm8k("heldout", str(GSM8K))
    assert (len(train), len(test)) == (7473, 1319)
    assert train[0]["A"] == "72"
    assert all(Fraction(problem["A"]) is not None and problem["Q"] for problem in train + test)
    assert any(problem["A"].startswith("-") for problem in train)


@pytest.mark.skipif(not GSM8K.is_dir(), reason="GSM8K's own files are not beside the checkout (../shared/data/gsm8k)")
def test_each_reference_answer_of_gsm8k_earns_its_reward():
    """All 8,792 of them, as the completion of their own problem: worked solution, `####`, thousands commas, signs."""
    reward_correct = functions.load_path(REFERENCE, "grpo").by_name["reward_correct"]
    wrong = []
    for split, file in (("train", "train.jsonl"), ("heldout", "test.jsonl")):
        solutions = [json.loads(line)["answer"] for line in (GSM8K / file).read_text().splitlines()]
        items = gsm8k(split, str(GSM8K))
        wrong += [s for item, s in zip(items, solutions, strict=True) if reward_correct(item, s) != 1.0]
    assert not wrong
