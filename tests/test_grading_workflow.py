"""nbgrader's own commands, as docs/instructors.md gives them, in a course folder of its own."""

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from series import RELEASE, ROOT

from autograder_tests.classroom import NAMES, RECORD, make_course, nbgrader

pytestmark = pytest.mark.slow

AUTOMATIC = {"00_tour": 0, "01_rewards": 20, "02_rollout": 20, "03_ppo_loss": 25, "04_grpo": 15, "05_report": 10}
BY_HAND = {"01_rewards": 5, "05_report": 5}
WRONG = "autograder_tests/bank/03_ppo_loss/wrong/PPO_step__kl_added.py"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which three students handed in: solutions, the release as it was, and one wrong loss."""
    course = make_course(tmp_path_factory.mktemp("course"))
    for name in NAMES:
        for student, origin in (("ada", course / "source"), ("bob", course / "release")):
            (course / "submitted" / student / name).mkdir(parents=True)
            shutil.copy2(origin / name / f"{name}.ipynb", course / "submitted" / student / name)
    shutil.copy2(RECORD, course / "submitted" / "ada" / "05_report")
    _hand_in_wrong_loss(course)
    return course


def _hand_in_wrong_loss(course: Path) -> None:
    notebook = nbformat.read(course / "release" / "03_ppo_loss" / "03_ppo_loss.ipynb", as_version=4)
    [cell] = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "PPO_step"]
    cell.source = (course / WRONG).read_text()
    folder = course / "submitted" / "cleo" / "03_ppo_loss"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "03_ppo_loss.ipynb")


@pytest.fixture(scope="module")
def graded(course: Path) -> Path:
    for name in NAMES:
        nbgrader(course, "autograde", name)
    return course


def gradebook(course: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{course / 'gradebook.db'}")


def test_the_release_in_the_repository_is_what_nbgrader_generates(course):
    for name in NAMES:
        assert (course / "release" / name / f"{name}.ipynb").read_text() == (RELEASE / name / f"{name}.ipynb").read_text(), (
            f"{name} differs: run `make release`, and commit release/"
        )
    tracked = subprocess.run(["git", "ls-files", "release"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert sorted(tracked.splitlines()) == [f"release/{name}/{name}.ipynb" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_points_are_those_of_the_guide(course, name):
    with gradebook(course) as book:
        assignment = book.find_assignment(name)
        assert assignment.max_score == AUTOMATIC[name] + BY_HAND.get(name, 0)
        cells = book.find_notebook(name, name).grade_cells
        by_hand = sum(cell.max_score for cell in cells if cell.cell_type == "markdown")
    assert by_hand == BY_HAND.get(name, 0)


@pytest.mark.parametrize("name", NAMES)
def test_solutions_score_all_that_is_scored_by_itself(graded, name):
    with gradebook(graded) as book:
        submission = book.find_submission(name, "ada")
        assert submission.score == AUTOMATIC[name]
        assert submission.needs_manual_grade == (name in BY_HAND)


def test_with_the_marks_given_by_hand_solutions_score_everything(graded):
    with gradebook(graded) as book:
        for name in BY_HAND:
            for grade in book.find_submission_notebook(name, name, "ada").grades:
                if grade.needs_manual_grade:
                    grade.manual_score = grade.cell.max_score
        book.db.commit()
        assert sum(book.find_submission(name, "ada").score for name in NAMES) == 100


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_release_scores_nothing_and_needs_no_attention(graded, name):
    with gradebook(graded) as book:
        submission = book.find_submission(name, "bob")
        assert submission.score == 0
        assert not submission.needs_manual_grade


def test_a_wrong_loss_earns_a_part(graded):
    with gradebook(graded) as book:
        score = book.find_submission("03_ppo_loss", "cleo").score
    assert 5 < score < 20


def test_graded_cells_are_silent_on_stderr(graded):
    for path in sorted((graded / "autograded").rglob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade"):
                assert not [o for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"], path


def test_feedback_names_ideas_and_no_hidden_case(graded):
    nbgrader(graded, "generate_feedback", "03_ppo_loss")
    page = (graded / "feedback" / "cleo" / "03_ppo_loss" / "03_ppo_loss.html").read_text()
    assert "the KL penalty" in page
    assert "expected" not in page.split("the KL penalty")[-1].split("</table>")[0]


HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)>

**bold** [link](javascript:alert(3)) [good](https://example.org)

![$" onerror="alert(4)//$](x) ![gone](attachment:gone.png) ![empty](attachment:empty.png) ![here](attachment:here.png)

```mermaid
graph TD; A["<img src=x onerror=alert(5)>"]
```

[t](http://a "q' onmouseover=alert(6) ")"""


def test_feedback_runs_no_script_of_a_student(graded):
    """And a picture that did not come along keeps nobody from feedback."""
    folder = graded / "submitted" / "dora" / "01_rewards"
    folder.mkdir(parents=True)
    notebook = nbformat.read(graded / "release" / "01_rewards" / "01_rewards.ipynb", as_version=4)
    attachments = {"empty.png": {}, "here.png": {"image/png": "iVBORw0KGgo="}}
    notebook.cells.append(nbformat.v4.new_markdown_cell(HOSTILE, attachments=attachments))
    notebook.cells.append(nbformat.v4.new_raw_cell("<script>alert(7)</script>"))
    nbformat.write(notebook, folder / "01_rewards.ipynb")
    nbgrader(graded, "autograde", "01_rewards", "--student", "dora")
    nbgrader(graded, "generate_feedback", "01_rewards", "--student", "dora")
    page = (graded / "feedback" / "dora" / "01_rewards" / "01_rewards.html").read_text()
    tags = _Tags(page)
    assert "alert" not in tags.scripts
    assert not [(tag, name) for tag, attributes in tags.found for name, value in attributes
                if name.startswith("on") or (value or "").startswith("javascript")]  # fmt: skip
    for shown in ("&lt;script&gt;alert(1)", "&lt;script&gt;alert(7)", "<strong>bold</strong>", 'href="https://example.org"',
                  "<code>&lt;think&gt;</code>", "data:image/png;base64,iVBORw0KGgo=", "picture gone.png was not handed in",
                  "picture empty.png was not handed in"):  # fmt: skip
        assert shown in page, shown


class _Tags(HTMLParser):
    """A page's tags with their attributes, but those of the page's own inline scripts, and the text of these."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.scripts, self._in_script = "", False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))
        self._in_script = tag == "script"

    def handle_endtag(self, tag):
        self._in_script = False

    def handle_data(self, data):
        self.scripts += data if self._in_script else ""


def test_validate_says_what_a_student_should_hear(graded):
    said = nbgrader(graded, "validate", "submitted/bob/04_grpo/04_grpo.ipynb")
    assert "failed" in said


def test_release_holds_no_trace_of_a_solution():
    for name in NAMES:
        text = (RELEASE / name / f"{name}.ipynb").read_text()
        for trace in ("BEGIN SOLUTION", "HIDDEN", "MARK SCHEME", "autograder_tests", "hidden"):
            assert trace not in text, f"{name}: {trace}"
        released = nbformat.reads(text, as_version=4)
        for cell in released.cells:
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
                assert cell.source.rstrip().endswith('raise NotImplementedError("replace this line")')
                assert len(cell.source.splitlines()) == 3  # signature, docstring, stub
