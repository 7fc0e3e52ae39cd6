"""The visible checks: every right variant of the bank passes them, every wrong one is told what it did wrong."""

import gc
import json
import time
from pathlib import Path

import pytest

from autograder_tests import expected, hidden
from labkit import checks
from labkit.checks import rewards, subject
from labkit.checks.case import Answer, Case, agree, answer, contrast, describe
from labkit.checks.subject import InProcess, number, numbers, time_limit
from labkit.checks.verdict import Expectation, Row, diagnose
from labkit.functions import load_function

slow = pytest.mark.slow
WRONG = [
    pytest.param(e, p, id=f"{p.parts[-3]}-{p.stem}", marks=[slow] if "exponential" in p.stem else [])  # they never end
    for e, p in expected.submissions("wrong")
]
RIGHT = [pytest.param(e, p, id=f"{p.parts[-3]}-{p.stem}") for e, p in expected.submissions("right")]


@pytest.fixture(autouse=True)
def impatience(request, monkeypatch):
    """Some wrong rewards never end: less time for them, so that the tests do."""
    if "reward_" in request.node.name:
        monkeypatch.setattr(subject, "SECONDS", 2.0)


def handed_in(exercise: str, path: Path):
    name, _, algorithm = exercise.partition(", ")
    return load_function(path, name), algorithm.lower() or "ppo"


@pytest.mark.parametrize(("exercise", "path"), WRONG)
def test_a_wrong_variant_is_told_its_mistake(exercise, path):
    function, algorithm = handed_in(exercise, path)
    verdict = checks.check(function, algorithm=algorithm)
    assert not verdict.passed
    raises = [row for row in verdict.rows if str(row.answer.outcome).startswith("raises ")]
    if len(raises) == len(verdict.rows):  # the error says what is the matter, and many mistakes raise the same one
        assert not verdict.hints
        assert raises[0].answer.error.splitlines()[-1] in str(verdict)
    else:
        assert expected.shows(path) in verdict.hints
    assert len(verdict.hints) <= 3, "one who reads this many hints knows no more than before"


@slow
@pytest.mark.parametrize(("exercise", "path"), WRONG)
def test_a_wrong_variant_loses_points_on_hidden_cases(exercise, path):
    function, algorithm = handed_in(exercise, path)
    assert hidden.check(function, algorithm=algorithm).score < 1


@pytest.mark.parametrize(("exercise", "path"), RIGHT)
def test_a_right_variant_passes(exercise, path):
    function, algorithm = handed_in(exercise, path)
    verdict = checks.check(function, algorithm=algorithm)
    assert verdict.passed, str(verdict)
    assert not verdict.hints
    found = hidden.check(function, algorithm=algorithm)
    assert found.score == 1, str(found)


def test_the_bank_is_large_enough():
    assert len(WRONG) >= 70
    assert len(RIGHT) >= 20
    assert {p.values[0] for p in WRONG} == {p.values[0] for p in RIGHT} == set(expected.reference())


@slow
def test_the_stored_outcomes_are_those_of_the_reference_and_the_bank():
    stored, found = json.loads(checks.EXPECTED.read_text()), expected.expected()
    assert stored.keys() == found.keys()
    for exercise, entry in found.items():
        assert stored[exercise]["mistakes"].keys() == entry["mistakes"].keys(), "run python -m autograder_tests.expected"
        for case, outcome in entry["expected"].items():
            assert agree(stored[exercise]["expected"][case], outcome), (exercise, case)
        for hint, ways in entry["mistakes"].items():
            for old, new in zip(stored[exercise]["mistakes"][hint], ways, strict=True):
                assert old.keys() == new.keys(), (exercise, hint)
                assert all(agree(old[case], new[case]) for case in new), (exercise, hint)


@pytest.mark.parametrize("path", [p for _, p in expected.submissions("wrong")], ids=lambda p: p.stem)
def test_a_hint_is_one_or_two_sentences(path):
    hint = expected.shows(path)
    assert 30 <= len(hint) <= 160
    assert "\n" not in hint


def test_what_is_not_written_yet_is_no_mistake():
    def reward_format(answer):
        raise NotImplementedError("replace this line")

    verdict = checks.check(reward_format)
    assert str(verdict) == "○ reward_format is not written yet: it still raises NotImplementedError"
    assert verdict.score == 0
    assert not verdict.hints


def test_an_unknown_mistake_shows_the_students_line_and_no_hint():
    def reward_correct(item, answer):
        return item["answer"]  # KeyError: it is "A"

    verdict = checks.check(reward_correct)
    assert "reward_correct" in str(verdict)
    assert "KeyError: 'answer'" in str(verdict)
    assert 'return item["answer"]' in str(verdict)
    assert "case.py" not in str(verdict)


def test_one_value_for_all_looks_like_no_mistake():
    def reward_correct(item, answer):
        return 1.0 if answer == float(item["A"].replace("/", "")) else -1.0

    verdict = checks.check(reward_correct)
    assert not verdict.hints
    assert "gives -1 in every case" in str(verdict)
    assert "No points yet: one value for all would hold in half of the cases. Get both 1 and -1 right." in str(verdict)


def _loop(rewards, gen_logps, update=True):
    def gen_worker(worker):
        while worker.running():
            if update:
                worker.update_policy()
            items = worker.sample_problems()
            rollouts = worker.generate([item["Q"] for item in items])
            worker.upload(items, rollouts, rewards(items, rollouts), gen_logps(worker, rollouts))

    return gen_worker


def _right_rewards(items, rollouts):
    return [[reward_format(r.completion) + reward_correct(item, r.completion) for r in g]  # noqa: F821 - the check's own
            for item, g in zip(items, rollouts, strict=True)]  # fmt: skip


def test_a_loop_that_raises_shows_its_error_and_no_mistake_of_others():
    verdict = checks.check(_loop(lambda items, rollouts: items["A"], lambda worker, rollouts: []))
    assert not verdict.hints
    remarks = str(verdict).partition("→ ")[2]
    assert remarks.startswith("The error in “one upload a turn, and stops when running() says False”:")
    assert "TypeError: list indices must be integers" in remarks


def test_scores_that_are_nested_are_refused_with_the_form_they_need():
    verdict = checks.check(
        _loop(_right_rewards, lambda worker, rollouts: worker.score([[r.token_ids for r in g] for g in rollouts]))
    )
    assert not verdict.hints
    assert "score takes one flat list of sequences" in str(verdict)


def test_of_two_mistakes_in_one_row_the_one_that_shows_alone_is_named():
    def first_values(worker, rollouts):
        scores = worker.score([r.token_ids for g in rollouts for r in g])
        return [[[next(iter(entry.values())) for entry in row[len(r.prompt_ids) :]]]
                for [r], row in zip(rollouts, scores, strict=True)]  # fmt: skip

    [hint] = checks.check(_loop(_right_rewards, first_values, update=False)).hints
    assert "old weights" in hint


def test_a_coincidence_is_no_hint():
    """One row in eleven is what a mistake gives, too; of ten it is named, for mistakes come together."""

    def told(number: int) -> dict[str, list[str]]:
        rows = [Row(Case(f"case {n}", "idea", lambda subject: 0.0), 0.0, Answer(n + 1.0)) for n in range(number)]
        expectation = Expectation({row.case.name: 0.0 for row in rows}, {"the hint": [{"case 4": 5.0}]})
        return diagnose(rows, expectation)

    assert told(11) == {}
    assert told(10) == {"the hint": ["case 4"]}


def test_of_long_lists_the_first_difference_is_shown():
    long = [[[0.5 * n + m for n in range(20)] for m in range(3)] for _ in range(2)]
    other = json.loads(json.dumps(long))
    other[1][2][7] = -4.0
    assert contrast(long, other) == ("[1][2][7]: 5.5", "[1][2][7]: -4")
    assert contrast(long, [long[0], long[1][:2]]) == ("[1]: 3 parts", "[1]: 2 parts")
    assert contrast(long, [long[0]]) == ("the whole: 2 parts", "the whole: 1 parts")
    assert contrast([1.0, 2.0], [1.0, 3.0]) == ("[1, 2]", "[1, 3]")
    assert contrast(long, "raises KeyError") == (describe(long), "raises KeyError")


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 1.25, float("nan"), float("inf"), "1.25", None, True])
def test_a_constant_earns_nothing(value):
    def reward_format(answer):
        return value

    assert checks.check(reward_format).score == 0
    assert hidden.check(reward_format).score == 0


def test_zeros_earn_little_where_numbers_are_asked_for():
    def normalize_group_rewards(rewards):
        return rewards * 0

    assert checks.check(normalize_group_rewards).score == 0


def test_a_function_that_never_ends_is_cut_off(monkeypatch):
    def reward_format(answer):
        while True:
            pass

    case, endless = checks.cases("reward_format")[0], InProcess(reward_format, seconds=0.2)
    found = answer(case, endless)
    assert found.outcome == "raises TimeoutError"
    assert "no answer after 0.2 s; does a loop never end?" in found.error
    assert endless.seconds == 0.1, "all of a check's questions would take minutes"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_limit_that_falls_into_garbage_collection_is_enforced_all_the_same():
    """What is raised in a callback of it is ignored."""

    def slow(phase: str, info: dict) -> None:
        time.sleep(0.2)

    def collects_and_waits() -> None:
        with time_limit(0.1):
            gc.collect()
            for _ in range(400):
                time.sleep(0.01)

    gc.callbacks.append(slow)
    try:
        with pytest.raises(TimeoutError):
            collects_and_waits()
    finally:
        gc.callbacks.remove(slow)


def test_what_is_printed_does_not_flood_the_table():
    lengths = []
    for size in (0, 100_000):

        def reward_format(answer, size=size):
            print("x" * size)
            return -1.0

        lengths.append(len(str(checks.check(reward_format))))
    silent, loud = lengths
    assert silent < loud < silent + 600


@pytest.mark.parametrize("seed", range(10))
def test_hidden_cases_ask_for_what_the_visible_ones_ask_for(seed):
    """Exchanged digits and words do not change which completions are right."""
    right = expected.reference()
    for name, texts in (("reward_format", rewards.format_cases), ("reward_correct", rewards.correct_cases)):
        visible = {case.idea: answer(case, InProcess(right[name])).outcome for case in texts()}
        varied = {case.idea: answer(case, InProcess(right[name])).outcome for case in texts(seed)}
        assert varied == visible


def test_a_long_table_is_folded():
    """Whoever fails forty cases sees fifteen and the hints; the others are a click away."""

    def reward_correct(item, answer):
        return -1.0

    verdict = checks.check(reward_correct)
    failed = sum(not row.passed for row in verdict.rows)
    page = verdict._repr_html_()
    assert f"{failed - 15} more that fail</summary>" in page
    assert f"{len(verdict.rows) - failed} that hold</summary>" in page
    assert page.count("✗") == failed + 1  # the title's
    assert page.index("<details>") > page.index("✗")


def test_hidden_cases_are_not_the_visible_ones():
    for exercise in expected.reference():
        if "gen_worker" not in exercise:
            visible = {case.name for case in checks.cases(exercise)}
            assert any(case.name not in visible for case in checks.cases(exercise, 41)) or exercise in (
                "PPO_step",
                "normalize_group_rewards",
            )


def test_outcomes_agree_within_rounding_and_not_beyond():
    assert agree([1.0, 100.0], [1.0, 100.005])
    assert not agree([1.0, 100.0], [1.0, 100.02])
    assert not agree(0.0, 1e-6)
    assert not agree([1.0], 1.0)
    assert not agree("nan", 0.0)
    assert number(False) == "False (bool)"
    assert numbers(float("nan")) == "nan"
