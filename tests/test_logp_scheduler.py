"""The log-probs that our vLLM scheduler keeps, put together rollout by rollout. With real vLLM: test_engines."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # vLLM takes seconds to import
logp_scheduler = pytest.importorskip("labkit.logp_scheduler", reason="needs vLLM")


def scheduler_with(steps: list[list[tuple[str, int, float]]], numbers: dict[str, int]):
    """A scheduler that never scheduled anything, and was told of these steps: (request, token, log-prob) each."""
    made = logp_scheduler.LogpScheduler.__new__(logp_scheduler.LogpScheduler)
    made._rollout = numbers
    made._steps = [
        (
            [r for r, *_ in step],
            np.array([t for _, t, _ in step], dtype=np.int32),
            np.array([lp for *_, lp in step], np.float32),
        )
        for step in steps
    ]
    return made


def test_each_rollout_gets_its_own_in_the_order_of_the_steps():
    """Also where requests finish at different steps, and where a step brings nothing: parts of prompts alone."""
    steps = [
        [],
        [("b", 5, -0.5), ("a", 1, -1.0)],
        [("a", 2, -2.0), ("b", 6, -0.25), ("c", 9, -9.0)],
        [],
        [("a", 3, -3.0)],
    ]
    tokens, logps = scheduler_with(steps, {"a": 0, "b": 1, "c": 2}).take_logps()
    assert [t.tolist() for t in tokens] == [[1, 2, 3], [5, 6], [9]]
    assert [lps.tolist() for lps in logps] == [[-1.0, -2.0, -3.0], [-0.5, -0.25], [-9.0]]


def test_what_was_taken_is_gone():
    made = scheduler_with([[("a", 1, -1.0)]], {"a": 0})
    made.take_logps()
    assert (made._rollout, made._steps) == ({}, [])
