"""What a check puts its questions to: a function of a student, in this process or, for the grader, in a sandbox.

A question is one of `PROBES`, with plain values and tensors; so is the answer. The code that compares never touches an
object that a student's code has made.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import math
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Real
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor, nn

from labkit.config import PACKAGE
from labkit.errors import LabError

Outcome: TypeAlias = "float | str | list[Outcome]"
Function: TypeAlias = Callable[..., Any]

SECONDS = 5.0  # for one question
LEAST_SECONDS = 0.1  # for one, of a function that was cut off before
AGAIN = 0.5  # seconds until a limit that was ignored is enforced again
PRINTED = 2000  # characters of what a function prints that are kept
SCRIPTED = ("reward_format", "reward_correct", "normalize_group_rewards")


class Raised(Exception):
    """The function raised. `outcome` says what, in a few words; `lines` is the traceback in the student's own lines."""

    def __init__(self, outcome: str, lines: str = "") -> None:
        super().__init__(outcome)
        self.outcome, self.lines = outcome, lines


class Subject(Protocol):
    """`ask` puts a question and returns the answer; it raises Raised. `printed` is what the function printed meanwhile."""

    printed: str

    def ask(self, question: str, /, **given: Any) -> Any: ...


class InProcess:
    """A function in this process. What it prints and warns is caught; it is cut off after `seconds`, and each time that it is
    it has half as long for the next question: one that never ends is soon done with."""

    def __init__(self, function: Function, seconds: float | None = None) -> None:
        self.function, self.seconds, self.printed = function, SECONDS if seconds is None else seconds, ""

    def ask(self, question: str, /, **given: Any) -> Any:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                with time_limit(self.seconds):
                    return PROBES[question](self.function, **given)
            except LabError as refused:  # by a helper that was called wrongly: its message says what is the matter
                raise Raised(str(refused), _own_lines(refused)) from refused
            except (Exception, SystemExit) as error:
                if isinstance(error, TimeoutError):
                    self.seconds = max(self.seconds / 2, LEAST_SECONDS)
                raise Raised(f"raises {type(error).__name__}", _own_lines(error)) from error
            finally:
                self.printed = printed.getvalue()[:PRINTED]


# --- the questions


def _reward(function: Function, arguments: list[Any], before: Sequence[list[Any]] = ()) -> Outcome:
    """What a reward returns for `arguments`, after those in `before`, or that it changes an item; items that are equal are one
    and the same object."""
    items: dict[str, dict[str, str]] = {}
    for asked in (*before, arguments):
        answer = function(*(items.setdefault(str(a), dict(a)) if isinstance(a, dict) else a for a in asked))
        if any(str(item) != as_given for as_given, item in items.items()):
            return "changes its item"
    return number(answer)


def _normalized(function: Function, rewards: Tensor, then: Sequence[Tensor] = ()) -> dict[str, Any]:
    """What `normalize_group_rewards` returned, once it was called with each of `then` as well, and whether the rewards stayed
    as they were."""
    given = rewards.clone()
    result = function(given)
    for others in then:
        function(others.clone())
    changed = given.requires_grad or not torch.equal(given, rewards)
    wrong = _no_tensor(result) or ("a tensor that waits for a gradient" if result.requires_grad else None)
    return {"values": wrong or numbers(result), "changed": changed}


def _no_tensor(value: Any) -> str | None:
    """What `value` is in place of a tensor of real numbers; a class of its own could say anything of itself."""
    if type(value) is not Tensor:
        return f"{type(value).__name__} in place of a tensor"
    return "complex numbers" if value.is_complex() else None


def _loss(function: Function, batch: dict[str, Any], engine: nn.Module, beta: float, clip_param: float,
          then: Mapping[str, Tensor] | None = None) -> dict[str, Any]:  # fmt: skip
    """What `PPO_step` returns, or returns at a second call where `engine` has the parameters `then`: the loss, the gradient of
    each parameter of `engine` where there is one, and in `wrong`, where it is not a loss at all, what it is."""
    engine = copy.deepcopy(engine)  # whatever happens to it stays here
    if then is not None:
        function(copy.deepcopy(batch), engine, beta=beta, clip_param=clip_param)
        engine.load_state_dict(then)
        engine.zero_grad(set_to_none=True)
    asked, forward = [], engine.forward

    def asking(*arguments: Any, **keywords: Any) -> Any:
        asked.append(True)
        return forward(*arguments, **keywords)

    engine.forward = asking
    given = copy.deepcopy(batch)
    before = {name: value.clone() for name, value in engine.state_dict().items()}
    loss = function(given, engine, beta=beta, clip_param=clip_param)
    if not isinstance(loss, Tensor):
        return {"wrong": number(loss)}
    if (wrong := _no_tensor(loss)) is not None:
        return {"wrong": wrong}
    if any(not torch.equal(value, before[name]) for name, value in engine.state_dict().items()):
        return {"wrong": "changes the policy"}
    if not asked:
        return {"wrong": "does not ask the policy"}
    if set(given) != set(batch) or any(not _same(given[key], value) for key, value in batch.items()):
        return {"wrong": "changes its batch"}
    if loss.ndim != 0:
        return {"wrong": f"not one loss, but a tensor of shape {tuple(loss.shape)}"}
    if not loss.requires_grad:
        return {"loss": number(loss.item()), "gradients": None}
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in engine.parameters()]
    return {"loss": number(loss.item()), "gradients": gradients}


def _same(found: Any, given: Any) -> bool:
    return torch.equal(found, given) if isinstance(found, Tensor) and isinstance(given, Tensor) else bool(found == given)


def _rollout(function: Function, worker: Any) -> str | None:
    """Run `gen_worker` on `worker`; returns the type of what it returns, None where that is nothing.

    While it runs, the names of the other exercises' functions stand for the worker's scripted ones.
    """
    namespace = inspect.unwrap(function).__globals__
    before = {name: namespace[name] for name in SCRIPTED if name in namespace}
    namespace.update({name: getattr(worker, f"scripted_{name}") for name in SCRIPTED})
    try:
        returned = function(worker)
    finally:
        for name in SCRIPTED:
            namespace.pop(name, None)
        namespace.update(before)
    return None if returned is None else type(returned).__name__


PROBES: Mapping[str, Callable[..., Any]] = {
    "reward": _reward, "normalized": _normalized, "loss": _loss, "rollout": _rollout,
}  # fmt: skip


# --- plain values


def number(value: Any) -> Outcome:
    """A returned number, or an array or tensor of shape (), as an outcome; anything else in words. A bool is no number: False
    is not -1.0."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            return float(value) if math.isfinite(value) else str(float(value))
        except OverflowError:
            return "a number beyond what a float holds"
    return f"{value!r:.60} ({type(value).__name__})"


def numbers(values: Any) -> Outcome:
    """An array, a tensor or nested lists as an outcome; nan and infinities as words, for JSON has none."""
    if isinstance(values, torch.Tensor):
        values = values.detach().double().cpu().tolist()
    if hasattr(values, "tolist"):
        values = values.tolist()
    return [numbers(value) for value in values] if isinstance(values, list | tuple) else number(values)


def _own_lines(error: BaseException) -> str:
    """The traceback, cut to the frames outside this package and torch, with the error itself."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_library(f.filename)]
    return "".join(traceback.format_list(frames) + traceback.format_exception_only(error)).rstrip()


def _is_library(filename: str) -> bool:
    path = Path(filename)
    return PACKAGE in path.parents or "site-packages" in path.parts or filename.startswith("<frozen")


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after `seconds`. Only a main thread can be interrupted; elsewhere there is no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"no answer after {seconds:.2g} s; does a loop never end?")

    before = signal.signal(signal.SIGALRM, stop)
    # Again and again: what is raised while garbage is collected, in a callback of that, is ignored.
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
