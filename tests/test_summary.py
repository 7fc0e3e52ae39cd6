"""Lines of JSON, the summary, and the curves: from a run's directory alone, with numbers worked out by hand."""

import pytest
from matplotlib.figure import Figure

from labkit import plots
from labkit.errors import ConfigError
from labkit.metrics import FIELDS, JsonlReader, JsonlWriter, read_jsonl
from labkit.summary import summarize


def write_run(run, formats: list[float]) -> None:
    """A finished run, an optimizer step every 2 s from 10 s after the start."""
    (run.state / "started").write_text("1000.0")
    metrics = JsonlWriter(run.metrics)
    for i, value in enumerate(formats):
        line = dict.fromkeys(FIELDS, 0.0) | {"step": i + 1, "time": 1012.0 + 2 * i, "seconds": 2.0 + 2 * i, "format": value}
        metrics.write(line | {"rollouts": 64 * (i + 1), "reward": value - 1, "seconds_training": 1.0, "completion_tokens": 100})
    heldout = JsonlWriter(run.heldout)
    heldout.write({"weight_version": 0, "problems": 10, "format": 0.3, "correct": 0.4})
    heldout.write({"weight_version": len(formats), "problems": 10, "format": 0.9, "correct": 0.6})


def test_the_summary_by_hand(run):
    write_run(run, [0.1, 0.2, 0.6, 0.9, 0.95, 0.85])
    # Means of three: .3, .5667, .8167 -> the fifth step is the first above .8, at 1012 + 8 = 20 s after the start.
    summary = summarize(run)
    assert summary["seconds_to_format_08"] == 20.0
    assert summary["steps_to_format_08"] == 5
    assert summary["format_first"] == pytest.approx(0.3)
    assert summary["format_last"] == pytest.approx(0.9)
    assert summary["reward_last"] == pytest.approx(-0.1)
    assert (summary["correct_heldout_before"], summary["correct_heldout_after"]) == (0.4, 0.6)
    assert summary["seconds"] == 22.0
    assert summary["seconds_starting"] == 10.0
    assert summary["rollouts_per_second"] == pytest.approx(32)
    assert summary["trainer_busy"] == pytest.approx(0.5)
    assert summary["completion_tokens"] == 600


def test_a_pause_counts_nowhere(run):
    """A run that went on an hour after its fourth step."""
    write_run(run, [0.1, 0.2, 0.6, 0.9, 0.95, 0.85])
    as_one = summarize(run)
    lines = read_jsonl(run.metrics)
    run.metrics.unlink()
    for line in lines:
        JsonlWriter(run.metrics).write(line | {"time": line["time"] + 3600 * (line["step"] > 4)})
    assert summarize(run) == as_one


def test_a_run_that_does_not_get_there_says_so(run):
    write_run(run, [0.79, 0.9, 0.7, 0.79, 0.5])  # one step above is not enough
    assert summarize(run)["seconds_to_format_08"] is None


def test_too_short_a_run_is_named(run):
    write_run(run, [0.5, 0.5])
    with pytest.raises(ConfigError, match="took 2 optimizer steps; a summary needs at least 3"):
        summarize(run)


@pytest.mark.parametrize("formats", [[], [0.2], [0.2, 0.5, 0.9, 0.9]])
def test_curves_are_drawn_from_the_first_step_on(run, formats):
    if formats:
        write_run(run, formats)
    figure = plots.curves(run, "● trainer ready")
    assert isinstance(figure, Figure)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["reward", "format", "correct", "KL(policy, reference)", "clip fraction", "staleness of the rollouts"]
    assert list(figure.axes[1].lines[0].get_ydata()) == formats
    assert plots.png(figure)[:4] == b"\x89PNG"


def test_sparkline_by_hand():
    assert plots.sparkline([0.0, 0.5, 1.0, 2.0, -1.0], 0.0, 1.0) == "▁▅██▁"
    assert plots.sparkline([0.0, 1.0] * 100, 0.0, 1.0, width=10) == "▅" * 10
    assert plots.sparkline([], 0.0, 1.0) == ""


def test_a_reader_follows_a_growing_file_and_waits_for_whole_lines(tmp_path):
    path = tmp_path / "x.jsonl"
    reader = JsonlReader(path)
    assert reader.new() == []
    JsonlWriter(path).write({"a": 1})
    assert reader.new() == [{"a": 1}]
    with path.open("a") as file:
        file.write('{"a": ')
        file.flush()
        assert reader.new() == []
        file.write("2}\n")
    assert reader.new() == [{"a": 2}]
    assert read_jsonl(path) == [{"a": 1}, {"a": 2}]


def test_no_nan_is_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        JsonlWriter(tmp_path / "x.jsonl").write({"loss": float("nan")})
