"""A class at a time: one command grades it, goes on after an interruption, and leaves what `nbgrader autograde` leaves."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder_tests import classroom
from benchmarks import grading, grading_class
from labkit.errors import SetupError
from labkit.grading import grade as grading_module
from labkit.grading.grade import _content, grade, share_of, summary
from labkit.grading.preprocessor import grader_of
from labkit.grading.store import Score, Store, of_file
from labkit.grading.submission import MAX_BYTES

pytestmark = pytest.mark.slow

NAME = "01_rewards"
STUDENTS = ("ada", "bob", "cleo", "dan")


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which nothing is graded yet."""
    course = classroom.make_course(tmp_path_factory.mktemp("course"), (NAME,))
    for student in STUDENTS:
        classroom.hand_in(course, student, NAME, classroom.answers(NAME, student))
    classroom.hand_in(course, "eve", NAME, {}).write_bytes(b"no notebook")
    (course / "submitted" / "fay" / NAME).mkdir(parents=True)
    return course


@pytest.fixture
def course(handed_in: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(handed_in, tmp_path / "course"))


def grades(course: Path) -> dict[tuple[str, str], tuple]:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {
            (submission.student.id, grade.name): (grade.auto_score, grade.needs_manual_grade, grade.extra_credit)
            for submission in book.assignment_submissions(NAME)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def graded_cells(course: Path, student: str) -> list:
    """The graded notebook without what differs from one grading to the next: ids of cells that were made for it."""
    notebook = nbformat.read(course / "autograded" / student / NAME / f"{NAME}.ipynb", as_version=4)
    return [(cell.cell_type, cell.source, cell.metadata, cell.get("outputs")) for cell in notebook.cells]


def test_it_leaves_what_nbgrader_autograde_leaves(course, tmp_path):
    other = Path(shutil.copytree(course, tmp_path / "other"))
    shutil.rmtree(other / "submitted" / "fay")  # nbgrader passes over a folder without the notebook
    (other / ".grading").mkdir(exist_ok=True)
    (other / ".grading" / "seed").write_text("7\n")
    shutil.copytree(other / ".grading", course / ".grading", dirs_exist_ok=True)
    classroom.labkit(course, "grade", NAME, "-j", "2")
    classroom.nbgrader(other, "autograde", NAME)
    ours, theirs = grades(course), grades(other)
    assert {key: value for key, value in ours.items() if key[0] != "fay"} == theirs
    assert all(score == 0 for (student, _), (score, *_) in ours.items() if student in ("eve", "fay") and score is not None)
    assert {score for (student, _), (score, *_) in ours.items() if student == "ada"} - {None, 0.0}
    assert "From grading" in graded_cells(course, "eve")[0][1]
    assert not any("From grading" in source for _, source, *_ in graded_cells(course, "ada"))
    assert len(list((course / ".grading" / "scores").rglob("*.json"))) == len(set(STUDENTS)) + 1, "each is scored once"
    for student in (*STUDENTS, "eve"):
        assert graded_cells(course, student) == graded_cells(other, student)
        files = [sorted(str(p.relative_to(c)) for p in (c / "autograded" / student).rglob("*")) for c in (course, other)]
        assert files[0] == files[1]


def test_only_what_changed_is_graded_again(course):
    first = grade(course, NAME, jobs=2, progress=False)
    assert {o.student for o in first.outcomes if o.fresh} == {*STUDENTS, "eve", "fay"}
    again = grade(course, NAME, jobs=2, progress=False)
    assert [o.student for o in again.outcomes if o.fresh] == []
    assert [(o.student, o.points, o.remarks) for o in again.outcomes] == [
        (o.student, o.points, o.remarks) for o in first.outcomes
    ]
    classroom.hand_in(course, "ada2", NAME, {})
    shutil.copy2(course / "submitted" / "ada2" / NAME / f"{NAME}.ipynb", course / "submitted" / "ada" / NAME)
    third = grade(course, NAME, jobs=2, progress=False)
    assert {o.student for o in third.outcomes if o.fresh} == {"ada", "ada2"}
    assert next(o.points for o in third.outcomes if o.student == "ada") == 0
    assert "2 graded, 5 unchanged since" in summary(third)
    assert "eve: `01_rewards.ipynb` is no notebook" in summary(third)


def test_a_share_is_scored_elsewhere_and_merged_by_copying(course, tmp_path, monkeypatch):
    """As an array of batch jobs does it, without a shared file system."""
    assert grader_of(course, False).course.seed > 0
    for number in (1, 2, 3):
        node = Path(shutil.copytree(course, tmp_path / f"node{number}"))
        done = grade(node, NAME, jobs=1, share=f"{number}/3", progress=False)
        assert len(done.outcomes) == 2
        assert not (node / "autograded").exists()
        shutil.copytree(node / ".grading" / "scores", course / ".grading" / "scores", dirs_exist_ok=True)

    def not_asked(*_):
        raise AssertionError("a score was computed that had been merged")

    monkeypatch.setattr(grader_of(course, False), "verdict", not_asked)
    result = grade(course, NAME, jobs=2, progress=False)
    assert len(result.outcomes) == 6
    assert not result.failed
    assert not any("grader failed" in remark for outcome in result.outcomes for remark in outcome.remarks)


def test_what_the_grader_fails_on_is_graded_again_next_time(course, monkeypatch):
    grader = grader_of(course, False)

    def fails(*_):
        raise RuntimeError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(grader, "verdict", fails)
        result = grade(course, NAME, jobs=2, progress=False)
    assert len(result.outcomes) == 6
    assert all("The grader failed on `reward_format_check`" in " ".join(o.remarks) for o in result.outcomes)
    again = grade(course, NAME, jobs=2, progress=False)
    assert all(o.fresh for o in again.outcomes)
    assert sum(o.points for o in again.outcomes) > 0


def test_a_difficult_class_is_graded_by_one_command_that_is_interrupted_once(tmp_path):
    figures = grading_class.run(tmp_path, students=20, jobs=2)
    assert 0 < figures["graded_before_the_interruption"] < 20
    assert figures["graded_in_all"] == 20
    assert figures["unchanged_when_continued"] >= figures["graded_before_the_interruption"] - 1
    assert figures["without_explanation"] == []
    assert figures["processes_left"] == 0
    assert 0.2 < figures["most_memory_gib"] < figures["stated_memory_gib"]
    assert figures["points"]["no notebook"] == [0.0]
    for kind in ("hangs", "crashes", "hostile"):  # one of two functions; the other is right or wrong as the bank has it
        assert max(figures["points"][kind]) <= 12, kind
    assert max(figures["points"]["honest"]) == 20


def test_plain_nbgrader_gives_the_same_grades(tmp_path):
    """The graded cells score honestly without our settings, too; the benchmark compares."""
    grading.main(["--students", "2", "--notebooks", "04_grpo", "--json", str(tmp_path / "record.json")])
    written = json.loads((tmp_path / "record.json").read_text())
    [row] = written["figures"]["notebooks"]
    assert row["grades"] == 4
    assert row["different"] == []
    assert written["ratios"]["submissions_per_minute"]["median"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((NAME, "--student", "nobody"), "submitted/ has no 01_rewards of nobody"),
        (("09_none",), "release/ has no 09_none"),
        (("02_rollout",), "release/ has no 02_rollout"),
        ((NAME, "--share", "4/3"), "a share is k/n"),
    ],
)
def test_what_keeps_grading_from_beginning_is_named(course, arguments, message):
    with pytest.raises(RuntimeError, match=message):
        classroom.labkit(course, "grade", *arguments)


def test_an_assignment_that_the_gradebook_does_not_know_is_named(course):
    (course / "gradebook.db").unlink()
    with pytest.raises(SetupError, match="nbgrader generate_assignment 01_rewards"):
        grade(course, NAME, jobs=1, progress=False)
    assert not (course / "gradebook.db").exists(), "a gradebook made on the way lacks a schema version"


def test_required_protections_are_asked_for(course, monkeypatch):
    force = grader_of(course, False).zygote.protections()
    monkeypatch.setattr("labkit.grading.sandbox.Zygote.protections", lambda self: force | {"network": False})
    grader_of.cache_clear()
    with pytest.raises(SetupError, match="--require-sandbox, but not all protections are in force"):
        grading_module.ClassOfSubmissions(course, NAME, require_sandbox=True)


def test_shares_are_a_partition():
    for count in (1, 3, 7):
        parts = [share_of(list("abcdefgh"), f"{k}/{count}") for k in range(1, count + 1)]
        assert sorted(student for part in parts for student in part) == list("abcdefgh")
    for wrong in ("0/3", "4/3", "3", "a/b", "", "1/0", "-1/3"):
        with pytest.raises(SetupError):
            share_of(["a"], wrong)


def test_links_and_giants_among_what_was_handed_in_are_not_read(tmp_path):
    (tmp_path / "link").symlink_to("/proc/self/mem")
    assert _content(tmp_path / "link") == "a link"
    with (tmp_path / "giant").open("wb") as file:
        file.truncate(10 * MAX_BYTES)
    assert _content(tmp_path / "giant").startswith(f"{10 * MAX_BYTES} bytes")
    (tmp_path / "file").write_text("x")
    assert _content(tmp_path / "file") == of_file(tmp_path / "file")


def test_kept_scores_come_back_as_they_were(tmp_path):
    store = Store(tmp_path / "scores")
    assert store.get("ab12") is None
    scores = {"a_check": Score(0.25, "text \N{CHECK MARK}", "<b>html</b>")}
    store.put("ab12", scores)
    assert Store(tmp_path / "scores").get("ab12") == scores
