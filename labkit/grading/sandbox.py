"""The grader's side of a sandbox: start the process that forks them, open one for a submission, put questions to it.

A `Sandbox` gives a `Subject` for each function of a notebook, so the very cases that students see judge it. Every answer is
checked for its form before anything looks at it. A sandbox that hangs, ends or talks nonsense is ended, and that is the answer.
"""

from __future__ import annotations

import builtins
import contextlib
import itertools
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
from torch import Tensor, nn

from labkit.checks.rollout import RecordedWorker
from labkit.checks.subject import PRINTED, SCRIPTED, SECONDS, Outcome, Raised
from labkit.errors import LabError, ProcessError, SetupError, WireError
from labkit.grading import message
from labkit.grading.isolation import FIRST_USER, PROTECTIONS

GRACE = 2.0  # seconds beyond the function's own limit until a sandbox that does not answer is ended
STARTING = 60.0  # seconds for the process that forks sandboxes to load torch
OPENING = 10.0  # seconds for a sandbox to shut itself off
LOADING = 30.0  # seconds for the cells that hold the functions; they may import as much as pandas and transformers
IN_ALL = 30.0  # seconds for all questions to one function
RESTARTS = 2  # of a submission's sandbox that ended; after that its other questions count as unanswered
CALLS = 2000  # of the worker's helpers, in one run of a gen_worker
HELPERS = ("running", "update_policy", "sample_problems", "generate", "score", "upload", *(f"scripted_{n}" for n in SCRIPTED))
ENDED = "its process ended without an answer: it left Python, or took more memory or time than there is"
LONGEST_TEXT, MOST_NUMBERS, DEEPEST = 500, 20_000, 8  # of an answer
PHRASES = ("nan", "inf", "-inf", "a number beyond what a float holds", "changes its batch", "changes the policy",
           "does not ask the policy", "complex numbers", "no gradient")  # fmt: skip
NAMES = {*vars(builtins), "NoneType", "Tensor", "ndarray", "generator", "function", "Fraction", "Decimal", "FunctionsError",
         "NoReturn", "InvalidOperation", "JSONDecodeError"}  # fmt: skip


class Zygote:
    """The process that has torch loaded and forks sandboxes; one for each process that grades, for all its threads."""

    def __init__(self) -> None:
        """Returns at once; the first sandbox waits until torch is loaded."""
        self._folder = Path(tempfile.mkdtemp(prefix="labkit-grading-"))
        self._folder.chmod(0o711)
        self._numbers = itertools.count(os.getpid() % 1000 * 1000)
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "labkit.grading.worker", str(theirs.fileno())], pass_fds=[theirs.fileno()],
                env=_environment(), cwd=self._folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=None,
                start_new_session=True,
            )  # fmt: skip
        self._control, self._ready = ours, False

    def _wait_ready(self) -> None:
        self._control.settimeout(STARTING)
        if self._control.recv(1) != b"!":
            raise SetupError("the process that runs submissions did not start; what it said stands above")
        self._control.settimeout(OPENING)
        self._ready = True

    @property
    def pid(self) -> int:
        return self._process.pid

    def runs(self, pid: int) -> bool:
        """Whether this is still the process with that id, and runs."""
        return self.pid == pid and self._process.poll() is None

    def open(self) -> tuple[socket.socket, int, Path]:
        """A new sandbox: the connection to it, its process group, its directory. Raises SetupError where the process that
        forks them does not start, ProcessError where one fails; the next call then begins with a new process."""
        with self._lock:
            number = next(self._numbers)
            folder = self._folder / str(number)
            folder.mkdir(mode=0o755)
            if self._process.poll() is not None:  # ended by the kernel, say, where memory ran out
                self._control.close()
                self._start()
            if not self._ready:
                self._wait_ready()
            ours, theirs = socket.socketpair()
            child = b""
            with theirs, contextlib.suppress(OSError):  # and TimeoutError
                socket.send_fds(self._control, [f"{number} {folder}".encode()], [theirs.fileno()])
                child = self._control.recv(64)
            if not child:
                self._process.kill()  # an answer that came late would be taken for that to the next
                self._process.wait()
                raise ProcessError("the process that runs submissions gave no answer; it was ended")
        ours.settimeout(OPENING)
        return ours, int(child), folder

    def protections(self) -> dict[str, bool]:
        """Which of `PROTECTIONS` are in force on this machine, seen on a sandbox that is opened to ask."""
        with Sandbox(self) as sandbox:
            return sandbox.force

    def close(self) -> None:
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=GRACE)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _environment() -> dict[str, str]:
    """Nothing of the grader's environment but where Python finds things."""
    kept = ("PATH", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    package = str(Path(__file__).resolve().parents[2])
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": package, "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
    }  # fmt: skip


def describe(force: Mapping[str, bool]) -> str:
    """The protections, one a line, for whoever starts grading."""
    return "\n".join(f"  {'✓' if force[name] else '✗ NOT in force:'} {what}" for name, what in PROTECTIONS.items())


class Sandbox:
    """A sandbox for one submission. `load` puts its functions in; `function` is then a subject for the checks."""

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote
        self._loaded: dict[str, tuple[str, str]] = {}
        self._restarts = 0
        self._start()

    def _start(self) -> None:
        self.force: dict[str, bool] = dict.fromkeys(PROTECTIONS, True)
        self._connection, self._group, self._folder = self._zygote.open()
        self._started = self._zygote.pid
        self._user = FIRST_USER + int(self._folder.name)
        try:
            self.force = self._receive(OPENING)["force"]
        except (EOFError, TimeoutError, WireError, KeyError, TypeError) as error:
            self.close()
            raise ProcessError(f"a sandbox did not open: {type(error).__name__}: {error}") from error

    def load(self, name: str, text: str, file: str) -> None:
        """Take function `name` out of the notebook `text`. Raises Raised where it is missing or does not load."""
        self._loaded[name] = (text, file)
        self._request({"load": name, "text": text, "file": file}, LOADING)

    def function(self, name: str) -> Distant:
        return Distant(self, name)

    def ask(self, name: str, question: str, given: dict[str, Any]) -> tuple[Any, str]:
        """The answer of function `name`, and what it printed. Raises Raised."""
        worker = given.get("worker")
        if isinstance(given.get("engine"), nn.Module):
            given = given | {"engine": [type(given["engine"]).__name__, dict(given["engine"].state_dict())]}
        if worker is not None:
            given = given | {"worker": vars(worker.config)}
        return self._request({"ask": question, "of": name, "given": given}, SECONDS + GRACE, worker)

    def _request(self, request: dict[str, Any], seconds: float, worker: RecordedWorker | None = None) -> tuple[Any, str]:
        if self._group == 0:
            self._restart()
        deadline, refusal = time.monotonic() + seconds, None
        try:
            self._connection.settimeout(seconds)
            message.send(self._connection, request)
            for _ in range(CALLS):
                reply = self._receive(deadline - time.monotonic())
                if "call" not in reply:
                    break
                answer = _help(worker, reply)
                refusal = refusal or answer.get("refused")
                message.send(self._connection, answer)
            else:
                raise Raised("a loop that never ends: its helpers are called again and again")
        except TimeoutError:
            self.close()
            raise Raised(f"no answer within {seconds:.0f} s; does a loop never end?") from None
        except (EOFError, OSError):
            self.close()
            if not self._zygote.runs(self._started):
                raise ProcessError("the process that runs submissions ended meanwhile, and this one with it") from None
            raise Raised(ENDED) from None
        except (WireError, Raised) as error:
            self.close()
            raise error if isinstance(error, Raised) else Raised(f"an answer that is none: {plain(str(error))}") from None
        printed = reply.get("printed")
        printed = plain(printed, PRINTED) if isinstance(printed, str) else ""
        if refusal is not None:
            raise Raised(refusal, plain(reply.get("lines")))
        if "raised" in reply:
            said = plain(reply["raised"])  # while it loads, a function has not seen a hidden case
            raise Raised(said if "load" in request else phrase(said), plain(reply.get("lines"), 4000))
        return reply.get("answer"), printed

    def _receive(self, seconds: float) -> dict[str, Any]:
        reply = message.receive(self._connection, seconds)
        if not isinstance(reply, dict):
            raise WireError(f"{type(reply).__name__} in place of an answer")
        return reply

    def _restart(self) -> None:
        """A new sandbox with the same functions: one question that ends it does not spoil the others."""
        if self._restarts == RESTARTS:
            raise Raised(f"not asked: its process had ended {RESTARTS + 1} times")
        self._restarts += 1
        self._start()
        for name, (text, file) in self._loaded.items():
            self._request({"load": name, "text": text, "file": file}, LOADING)

    def close(self) -> None:
        """End the sandbox and all that runs in it; nothing of it stays."""
        if self._group == 0:
            return
        self._connection.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._group, signal.SIGTERM if self.force["processes"] else signal.SIGKILL)
            deadline = time.monotonic() + GRACE
            while time.monotonic() < deadline:
                os.kill(self._group, 0)
                time.sleep(0.001)
            os.killpg(self._group, signal.SIGKILL)
        if not self.force["processes"]:
            _end_processes_of(self._user)
        self._group = 0
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _end_processes_of(user: int) -> None:
    """Where sandboxes have no process namespace, one that is a user of its own is known by that."""
    for process in psutil.process_iter(["uids"]):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.info["uids"] and process.info["uids"].real == user:
                process.kill()


class Distant:
    """A function in a sandbox, as a `Subject`."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self._sandbox, self._name, self.printed = sandbox, name, ""
        self._left = IN_ALL

    def ask(self, question: str, /, **given: Any) -> Any:
        self.printed = ""
        if self._left <= 0:
            raise Raised(f"not asked: its answers took more than {IN_ALL:.0f} s in all")
        started = time.monotonic()
        try:
            answer, self.printed = self._sandbox.ask(self._name, question, given)
        finally:
            self._left -= time.monotonic() - started
        return _FORMS[question](answer, given)


# --- the form of answers: nothing passes that a right function could not have sent


def _outcome(answer: Any, _: Any = None) -> Outcome:
    if not _small(answer):
        raise Raised("an answer that is too large")

    def outcome(value: Any) -> Outcome:
        if isinstance(value, list):
            return [outcome(part) for part in value]
        return phrase(value) if type(value) is not float else value if math.isfinite(value) else str(value)

    return outcome(answer)


def _small(value: Any) -> bool:
    """Whether a value from JSON has no more parts, and no deeper ones, than a right function's. A tensor counts as the lists
    that it becomes: an empty one, too."""
    left, layer = MOST_NUMBERS, [value]
    for _ in range(DEEPEST):
        left -= sum(math.prod(max(n, 1) for n in part.shape) if isinstance(part, Tensor) else 1 for part in layer)
        if left < 0:
            return False
        lists = [part for part in layer if isinstance(part, list | dict)]
        if not lists:
            return True
        layer = [inner for part in lists for inner in (part.values() if isinstance(part, dict) else part)]
    return False


def _normalized(answer: Any, _: Any) -> dict[str, Any]:
    if not isinstance(answer, dict) or set(answer) != {"values", "changed"}:
        raise Raised("an answer of another form")
    return {"values": _outcome(answer["values"]), "changed": answer["changed"] is not False}


def _loss(answer: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(answer, dict) and set(answer) == {"wrong"}:
        return {"wrong": _outcome(answer["wrong"])}
    if not isinstance(answer, dict) or set(answer) != {"loss", "gradients"}:
        raise Raised("an answer of another form")
    shapes = [p.shape for p in given["engine"].parameters()]
    gradients = answer["gradients"]
    if gradients is not None and not (
        isinstance(gradients, list) and len(gradients) == len(shapes)
        and all(isinstance(g, Tensor) and g.shape == shape and g.is_floating_point()
                for g, shape in zip(gradients, shapes, strict=True))
    ):  # fmt: skip
        raise Raised("gradients of another form than the parameters")
    return {"loss": _outcome(answer["loss"]), "gradients": None if gradients is None else [g.float() for g in gradients]}


def _returned(answer: Any, _: Any) -> str | None:
    if answer is None:
        return None
    return phrase(f"({answer})" if _small(answer) else "too large to be shown")


_FORMS: Mapping[str, Callable[[Any, Any], Any]] = {
    "reward": _outcome,
    "normalized": _normalized,
    "loss": _loss,
    "rollout": _returned,
}


def phrase(answered: Any) -> str:
    """What a function answered in words, as one of a few phrases: its own could tell the hidden case that it was asked."""
    said = plain(answered)
    if said in PHRASES:
        return said
    if (raised := re.fullmatch(r"raises (\w+)", said)) is not None:
        return said if raised[1] in NAMES else "raises an error of its own"
    if (kind := re.search(r"(\w+) in place of a tensor$|\((\w+)\)$", said)) is not None and (
        name := kind[1] or kind[2]
    ) in NAMES:
        return f"a value of type {name}"
    return "a value of another type"


def plain(value: Any, longest: int = LONGEST_TEXT) -> str:
    """A stranger's text, short, without what a terminal or a page takes for more than text."""
    if not isinstance(value, str):
        return f"{type(value).__name__} in place of a number"
    return "".join(
        c if c in "\n\t" or unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in value[:longest]
    )


# --- a gen_worker's helpers


def _help(worker: RecordedWorker | None, request: dict[str, Any]) -> dict[str, Any]:
    """What a helper of `worker` returns, or why it refuses. The arguments are a stranger's."""
    name, arguments = request.get("call"), request.get("arguments")
    if worker is None or name not in HELPERS or not isinstance(arguments, list):
        return {"refused": "there is no such helper"}
    if not _small(arguments):
        return {"refused": f"{name} was called with more than it can take"}
    try:
        if name == "upload":
            worker.upload(*_uploaded(*arguments))
            return {"returned": None}
        returned = getattr(worker, name)(*arguments)
    except LabError as error:  # without its numbers: they can be chosen, and so tell what the function was asked
        return {"refused": re.sub(r"\d+", "…", str(error))}
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, RuntimeError, OverflowError,
            MemoryError) as error:  # fmt: skip
        return {"refused": f"{name} was called with arguments that it cannot take ({type(error).__name__})"}
    if name == "generate":
        returned = [[asdict(rollout) for rollout in group] for group in returned]
    if name == "score":
        returned = [[None if entry is None else list(entry.items()) for entry in row] for row in returned]
    return {"returned": returned}


def _uploaded(items: Any, rollouts: Any, rewards: Any, gen_logps: Any) -> tuple[Any, ...]:
    groups = [[_Uploaded(r["prompt"], r["prompt_ids"], r["completion_ids"]) for r in group] for group in rollouts]
    return items, groups, rewards, gen_logps


class _Uploaded:
    """As much of an uploaded rollout as says which one it is."""

    def __init__(self, prompt: Any, prompt_ids: Any, completion_ids: Any) -> None:
        self.prompt, self.prompt_ids, self.completion_ids, self.weight_version = prompt, prompt_ids, completion_ids, 0
