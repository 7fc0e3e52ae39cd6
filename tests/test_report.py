"""The deliverable: what is in it, that it runs nothing and holds no path, and that an edited record is noticed."""

import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlparse

import pytest
import series

from autograder_tests import hidden
from labkit import metrics, plots, record, report
from labkit.checks import check_record
from labkit.config import RunConfig, RunDir
from labkit.errors import ConfigError, RecordError
from labkit.functions import dump

RECORD = Path(__file__).parent / "data" / "record.json"  # of a real run: GRPO, tiny preset, 100 steps on two cores
HOSTILE = '</td><script>alert(1)</script><img src="https://example.com/x.png">'


@pytest.fixture
def real() -> record.Record:
    return record.read(RECORD)


def handed_in(folder: Path, change=None, redo_digest: bool = False) -> Path:
    """The real record in a file, `change` applied to its plain JSON."""
    values = json.loads(RECORD.read_text())
    if change is not None:
        change(values)
    if redo_digest:
        values["digest"] = record.Record.model_validate(values).computed_digest()
    path = folder / "record.json"
    path.write_text(json.dumps(values))
    return path


@pytest.fixture
def finished(tmp_path: Path, reference, real) -> RunDir:
    """A run's directory, filled with the real run's lines."""
    run = RunDir(tmp_path / "run")
    run.create(RunConfig.create("tiny"))
    dump(reference, run.functions)
    for path, lines in ((run.metrics, real.metrics), (run.samples, real.samples), (run.heldout, real.heldout)):
        writer = metrics.JsonlWriter(path)
        for line in lines:
            writer.write(line.model_dump())
    run.curves.write_bytes(plots.png(plots.curves(run)))
    return run


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags, self.links, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text.append(data)


def parsed(path: Path) -> Tags:
    tags = Tags()
    tags.feed(path.read_text())
    return tags


def test_a_real_record_earns_everything():
    verdict = hidden.check_record(RECORD)
    assert verdict.passed, str(verdict)
    assert verdict.score == 1


def test_the_report_of_a_run_is_whole(finished, tmp_path, real):
    page = report.write(finished, tmp_path / "out")
    assert page.name == "report.html"
    written = record.read(tmp_path / "out" / "record.json")
    assert written.intact()
    assert written.metrics == real.metrics
    assert written.samples == real.samples
    assert set(written.functions) >= {"reward_format", "reward_correct", "gen_worker", "PPO_step", "normalize_group_rewards"}
    assert "def PPO_step(batch, engine" in written.functions["PPO_step"]
    assert written.config["optimizer_steps"] == 100
    assert written.versions["torch"]
    assert hidden.check_record(tmp_path / "out" / "record.json").score == 1


def test_the_page_is_self_contained_and_names_no_path_of_the_machine(finished, tmp_path):
    page = report.write(finished, tmp_path)
    tags = parsed(page)
    assert "script" not in tags.tags
    assert [urlparse(link).scheme for link in tags.links] == ["data"]
    for file in (page, tmp_path / "record.json"):
        assert str(tmp_path) not in file.read_text()
        assert str(series.ROOT) not in file.read_text()


def test_what_a_model_wrote_is_shown_and_not_run(finished, tmp_path):
    lines = finished.samples.read_text().splitlines()
    first = json.loads(lines[0])
    first["completion"] = HOSTILE
    finished.samples.write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")
    tags = parsed(report.write(finished, tmp_path))
    assert "script" not in tags.tags
    assert HOSTILE in "".join(tags.text)


def test_the_page_marks_what_is_asked_for(real):
    rows = {row["what"]: row for row in report.figures(real)}
    adherence = rows["format adherence, last third of the steps"]
    assert adherence["asked"] == "above 0.8"
    assert adherence["holds"]
    # By hand, from the stored lines: the last third of 100 steps is 67 to 100.
    shares = [line["format"] for line in json.loads(RECORD.read_text())["metrics"] if line["step"] >= 67]
    assert len(shares) == 34
    assert adherence["value"] == f"{sum(shares) / 34:.3f}"


def test_an_unfinished_run_has_no_report(run, reference, tmp_path):
    dump(reference, run.functions)
    with pytest.raises(ConfigError, match="has not finished"):
        report.write(run, tmp_path)
    with pytest.raises(ConfigError, match="took no optimizer step"):
        record.gather(run)


# --- records that were edited


def better_format(values):
    for step in values["metrics"]:
        step["format"] = 1.0


def better_format_and_reward(values):
    for step in values["metrics"]:
        step["format"] = 1.0
        step["reward"] = 2.25 + 2 * step["correct"] - 2


def better_correct(values):
    for step in values["metrics"]:
        step["correct"] = min(1.0, step["correct"] + 0.5)
        step["reward"] = 2.25 * step["format"] + 2 * step["correct"] - 2


def better_sample_rewards(values):
    for sample in values["samples"]:
        sample["reward_correct"] = 1.0


def other_completions(values):
    for sample in values["samples"]:
        sample["completion"] = f"<think></think><answer>{sample['problem']['A']}</answer>"
        sample["reward_format"], sample["reward_correct"] = 1.25, 1.0


def steps_left_out(values):
    values["metrics"] = [step for step in values["metrics"] if step["step"] > 50]


def rounded(values):
    for step in values["metrics"]:
        step["format"] = min(1.0, round(step["format"] + 0.011, 2))
        step["reward"] = 2.25 * step["format"] + 2 * step["correct"] - 2


EDITS = [
    better_format,
    better_format_and_reward,
    better_correct,
    better_sample_rewards,
    other_completions,
    steps_left_out,
    rounded,
]


@pytest.mark.parametrize("redo_digest", [False, True], ids=["digest left", "digest done again"])
@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.__name__)
def test_an_edited_record_is_worth_nothing(tmp_path, edit, redo_digest):
    verdict = hidden.check_record(handed_in(tmp_path, edit, redo_digest))
    assert verdict.score == 0
    assert "✗" in str(verdict)


def test_one_digit_is_noticed(tmp_path):
    path = handed_in(tmp_path)
    text = path.read_text()
    place = text.index('"kl": 0.') + len('"kl": 0.')
    path.write_text(text[:place] + str(9 - int(text[place])) + text[place + 1 :])
    assert hidden.check_record(path).score == 0


def test_written_again_by_another_program_it_is_the_same_record(tmp_path):
    path = handed_in(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=3, sort_keys=True, ensure_ascii=False))
    assert hidden.check_record(path).score == 1


# --- records that do not reach the goal, or are none


def test_a_run_that_is_too_short_does_not_reach_the_goal(tmp_path):
    def untrained(values):
        """The run's first ten steps, with the samples that belong to them."""
        values["config"]["optimizer_steps"] = 10
        values["metrics"] = values["metrics"][:10]
        values["samples"] = [s for s in values["samples"] if s["weight_version"] <= values["metrics"][-1]["weight_version"]]

    verdict = hidden.check_record(handed_in(tmp_path, untrained, redo_digest=True))
    rows = {row.case.name: row.passed for row in verdict.rows}
    assert rows["as the lab wrote it"]
    assert not rows["format adherence, last third of the steps"]
    assert 0 < verdict.score < 0.6


def drop_digest(values):
    del values["digest"]


def not_a_number(values):
    values["metrics"][3]["reward"] = "high"


def a_share_of_two(values):
    values["metrics"][3]["format"] = 2.0


def no_metrics(values):
    values["metrics"], values["samples"] = [], []


def nested(values):
    values["samples"][0]["problem"] = {"Q": {"Q": []}}


@pytest.mark.parametrize("edit", [drop_digest, not_a_number, a_share_of_two, no_metrics, nested], ids=lambda e: e.__name__)
def test_a_broken_record_is_no_crash(tmp_path, edit):
    verdict = hidden.check_record(handed_in(tmp_path, edit))
    assert verdict.score == 0
    assert len(str(verdict)) > 40


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"metrics": NaN}', b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_record_is_no_crash(tmp_path, content):
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match="is not a record"):
        record.read(path)
    assert hidden.check_record(path).score == 0


def test_a_missing_record_says_who_writes_it(tmp_path):
    assert "record.json is missing; lab.report() writes it" in str(hidden.check_record(tmp_path / "record.json"))


def test_the_visible_check_computes_with_the_students_rewards(tmp_path):
    series.copy(series.SOURCE, tmp_path, ["01_rewards"])
    folder = tmp_path / "05_report"
    folder.mkdir()
    path = handed_in(folder)
    assert check_record(path).score == 1
    notebook = tmp_path / "01_rewards" / "01_rewards.ipynb"
    notebook.write_text(notebook.read_text().replace("return 1.25 if one_of_each", "return 1.0 if one_of_each"))
    verdict = check_record(path)
    assert verdict.score == 0
    assert "rewards of the samples, computed again" in str(verdict)


def test_without_notebook_01_the_visible_check_says_so(tmp_path):
    verdict = check_record(handed_in(tmp_path))
    assert verdict.score == 0
    assert "your reward functions" in str(verdict)
