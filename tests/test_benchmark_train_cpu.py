"""The benchmark beside TRL: its arithmetic, and one short run of both sides."""

import json
from pathlib import Path

import pytest

from benchmarks import record, train_cpu
from benchmarks.train_cpu import Measured, compare, first_crossing, measure, phases, steady_rate, table
from labkit.errors import ProcessError
from labkit.functions import Functions


def steps(formats: list[float], times: list[float] | None = None) -> list[dict]:
    """Lines of metrics.jsonl: 64 rollouts a step, one a second from 1000 on."""
    times = times or [1001.0 + i for i in range(len(formats))]
    return [{"step": i + 1, "time": t, "rollouts": 64 * (i + 1), "format": f, "correct": 0.5}
            for i, (t, f) in enumerate(zip(times, formats, strict=True))]  # fmt: skip


def measured(rate: float, seconds: float | None) -> Measured:
    lines = steps([0.3] * 10)
    return Measured(**{**vars(measure(lines, 1000.0, 2)), "rollouts_per_second": rate, "seconds_to_format_08": seconds,
                       "seconds_to_format_08_from_first_step": seconds})  # fmt: skip


def test_the_rate_leaves_out_the_first_fifth_and_counts_whole_batches():
    # A batch's first step takes 3 s, as it waits for generation, its second 1 s; the first batch takes 100 s more.
    times = [t + 1100.0 for i in range(10) for t in (4 * i + 3, 4 * i + 4)]
    assert steady_rate(steps([0.0] * 20, times), steps_per_batch=2) == pytest.approx(128 / 4)
    assert steady_rate(steps([0.0] * 19, times[:19]), steps_per_batch=2) == pytest.approx(128 / 4)


def test_the_rate_of_too_few_steps_is_refused():
    with pytest.raises(ValueError, match="too few"):
        steady_rate(steps([0.0] * 3), steps_per_batch=2)


def test_the_first_crossing_is_a_mean_of_three_steps():
    assert first_crossing(steps([0.5, 1.0, 1.0, 0.7, 0.9]))["step"] == 3  # mean 0.83
    assert first_crossing(steps([0.9, 0.5, 0.9, 0.5, 0.95, 1.0]))["step"] == 6  # the means before are below 0.79
    assert first_crossing(steps([1.0, 1.0])) is None
    assert first_crossing(steps([0.75] * 9)) is None


def test_times_count_from_the_start_and_from_the_first_step():
    result = measure(steps([0.2, 0.4, 0.9, 0.9, 0.9] * 2), started=990.0, steps_per_batch=2)
    assert result.steps_to_format_08 == 5
    assert result.seconds_to_format_08 == 15.0
    assert result.seconds_to_format_08_from_first_step == 4.0
    assert (result.seconds_to_first_step, result.seconds) == (11.0, 20.0)
    assert (result.format_first, result.format_last) == (0.3, 0.9)


def test_a_ratio_is_one_of_medians_with_the_extremes_of_pairs():
    assert record.ratio([6.0, 8.0, 10.0], [2.0, 4.0, 5.0]) == {"median": 2.0, "low": 2.0, "high": 3.0}


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ([8.0, None, 8.0], [4.0, 4.0, 4.0], {"median": 2.0, "low": 2.0, "high": None}),
        ([None, None, 8.0], [4.0, 4.0, 4.0], {"median": None, "low": 2.0, "high": None}),
        ([8.0, 8.0, 8.0], [4.0, None, None], {"median": 0.0, "low": 0.0, "high": 2.0}),
        ([None], [None], {"median": None, "low": None, "high": None}),
    ],
)
def test_a_run_that_never_got_there_is_not_dropped(above, below, expected):
    assert record.ratio(above, below) == expected


def test_ratios_above_one_mean_that_we_are_ahead():
    ours, trl = [measured(120.0, 30.0)], [measured(60.0, None)]
    ratios = compare(ours, trl)
    assert ratios["rollouts_per_second"]["median"] == 2.0
    assert ratios["seconds_to_format_08"] == {"median": None, "low": None, "high": None}
    assert compare(ours, [measured(60.0, 45.0)])["seconds_to_format_08"]["median"] == 1.5
    text = table(ours, trl, ratios)
    assert "never" in text
    assert "2.00 (2.00 .. 2.00)" in text


def test_phases_are_seconds_a_batch():
    lines = [{"rollouts": 64 * (i + 1), "time": 100.0 + i, "seconds_training": 0.6, "seconds_publishing": 0.1,
              "seconds_waiting": 0.3} for i in range(11)]  # fmt: skip
    rollout = [{"time": 100.0 + 2 * i, "seconds_generate": 1.5 * i, "seconds_upload": 0.25 * i} for i in range(6)]
    spent = phases(lines, rollout, {"batches": 5, "seconds_busy": 2.0}, rollouts_per_batch=128)
    assert spent == {
        "batch": 2.0, "trainer: training": 1.2, "trainer: publishing": 0.2, "trainer: waiting": 0.6,
        "rollout: generate": 1.5, "rollout: upload": 0.25, "rollout: rewards and the rest": 0.25, "reference: scoring": 0.4,
    }  # fmt: skip


def test_the_record_has_the_agreed_shape(tmp_path: Path):
    record.write(tmp_path / "records" / "x.json", {"speed": record.ratio([2.0], [1.0])}, {"runs": 1}, ["torch"])
    written = json.loads((tmp_path / "records" / "x.json").read_text())
    assert set(written) == {"ratios", "figures", "machine", "versions", "date"}
    assert written["ratios"]["speed"] == {"median": 2.0, "low": 2.0, "high": 2.0}
    assert set(written["machine"]) == {"cpu", "cores", "memory_gib", "system"}
    assert {"python", "torch"} <= set(written["versions"])


@pytest.mark.slow
def test_a_dead_peer_fails_the_benchmark_with_its_last_lines(run, config, reference: Functions, tmp_path: Path):
    from dataclasses import replace

    from labkit.config import RunDir

    with pytest.raises(ProcessError, match=r"TRL ended with status 1 after 0 of 100 (?s:.)*no-such-model"):
        train_cpu.run_trl(replace(config, model=str(tmp_path / "no-such-model")), reference, RunDir(tmp_path / "trl"))


@pytest.mark.slow
def test_both_sides_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    train_cpu.main(["--updates", "4", "--seeds", "0", "--json", str(tmp_path / "record.json")])
    written = json.loads((tmp_path / "record.json").read_text())
    assert {"rollouts_per_second", "seconds_to_format_08"} <= set(written["ratios"])
    assert written["ratios"]["rollouts_per_second"]["median"] > 0
    assert written["ratios"]["seconds_to_format_08"]["median"] is None  # nobody gets there in four steps
    for side in ("labkit", "trl"):
        [run] = written["figures"][side]
        assert run["rollouts_per_second"] > 0
        assert 0 < run["seconds_to_first_step"] < run["seconds"]
        assert run["seconds_to_format_08"] is None
    spent = written["figures"]["seconds_of_a_batch"]
    assert {"rollout: generate", "rollout: score", "reference: scoring", "trainer: training"} <= set(spent)
    out = capsys.readouterr().out
    assert "rollouts_per_second" in out
    assert "never" in out
