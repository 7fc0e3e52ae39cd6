"""vLLM's scheduler, keeping the log-probs of sampled tokens as arrays: one a step, for all rollouts of a batch.

By itself vLLM hands them on one token of one request at a time, as Python objects. With 256 rollouts that was a fifth of the
processor time of a decoding step, and the processor is what bounds generation (docs/gpus.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from vllm.v1.core.sched.async_scheduler import AsyncScheduler
from vllm.v1.core.sched.scheduler import Scheduler


class _KeepsLogps(Scheduler):  # type: ignore[misc]  # vLLM is not typed here
    """Takes the log-probs out of what a step brought, before they are taken apart, and keeps them until `take_logps`. Rollouts
    are numbered as they come: by prompt, and within a prompt by rollout."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rollout: dict[str, int] = {}  # its number, by request
        self._steps: list[tuple[list[str], np.ndarray, np.ndarray]] = []  # requests; their tokens and log-probs, (R,) each

    def add_request(self, request: Any) -> None:
        if request.sampling_params.logprobs is not None:
            self._rollout[request.request_id] = len(self._rollout)
        super().add_request(request)

    def update_from_output(self, scheduler_output: Any, model_runner_output: Any) -> Any:
        logprobs, model_runner_output.logprobs = model_runner_output.logprobs, None
        results = super().update_from_output(scheduler_output, model_runner_output)
        if logprobs is not None:
            found = [output.request_id for result in results.values() for output in result.outputs if output.new_token_ids]
            rows = [model_runner_output.req_id_to_index[request] for request in found]
            self._steps.append((found, logprobs.logprob_token_ids[rows, 0], logprobs.logprobs[rows, 0]))
        return results

    def take_logps(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Of each rollout since the last call: sampled tokens (T,) and their log-probs (T,) float32, nats."""
        number = np.array([self._rollout[request] for found, *_ in self._steps for request in found], dtype=np.int64)
        order = np.argsort(number, kind="stable")  # of one rollout, steps stay in their order
        ends = np.cumsum(np.bincount(number))[:-1]
        tokens, logps = (np.split(np.concatenate(part)[order], ends) for part in list(zip(*self._steps, strict=True))[1:])
        self._rollout, self._steps = {}, []
        return tokens, logps


class LogpScheduler(_KeepsLogps):
    """For a CPU, where vLLM plans a step when the one before has ended."""


class AsyncLogpScheduler(_KeepsLogps, AsyncScheduler):  # type: ignore[misc]
    """For GPUs, where vLLM plans a step while the one before runs."""
