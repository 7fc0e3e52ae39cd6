"""The process that runs submissions, started by `labkit.grading.sandbox`: python -m labkit.grading.worker SOCKET

It loads torch once and then forks, for each submission, a child that shuts itself off (`labkit.grading.isolation`), takes the
functions out of the notebook, and answers questions. It holds nothing worth stealing: no expected value, no seed.
"""

from __future__ import annotations

import math
import os
import random
import shutil
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy  # noqa: F401 - loaded before the fork, as what follows
import torch

from labkit import functions
from labkit.checks.ppo_loss import rebuilt
from labkit.checks.subject import InProcess, Raised
from labkit.errors import LabError
from labkit.grading import message
from labkit.grading.isolation import Limits, confine
from labkit.rollout import Rollout


def main() -> None:
    """Fork a child for each connection that arrives on the socket with the number `argv[1]`, until it is closed."""
    control = socket.socket(fileno=int(sys.argv[1]))
    torch.set_num_threads(1)  # threads do not survive a fork
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control.send(b"!")
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
        if not data:  # the grader has ended, of itself or not: so its folder goes, too
            shutil.rmtree(Path.cwd(), ignore_errors=True)
            return
        number, _, mountpoint = data.decode().partition(" ")
        child = os.fork()
        if child == 0:
            control.close()
            try:
                serve(socket.socket(fileno=descriptors[0]), int(number), Path(mountpoint))
            finally:
                traceback.print_exc() if sys.exc_info()[0] else None
                os._exit(0)
        os.close(descriptors[0])
        control.send(str(child).encode())


def serve(connection: socket.socket, number: int, mountpoint: Path) -> None:
    """One sandbox: shut off, then load and answer until the connection ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    keep = os.dup2(connection.detach(), 3)
    os.closerange(4, 4096)
    connection = socket.socket(fileno=keep)
    nothing = os.open(os.devnull, os.O_RDWR)
    force = confine(mountpoint, number, Limits())
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(HOME="/scratch" if force["files"] else str(mountpoint), LANG="C.UTF-8", OMP_NUM_THREADS="1")
    message.send(connection, {"force": force})
    random.seed()
    subjects: dict[str, InProcess] = {}
    while True:
        try:
            request = message.receive(connection, largest=math.inf)
        except (EOFError, OSError):
            return
        message.send(connection, _answer(request, subjects, connection))


def _answer(request: dict[str, Any], subjects: dict[str, InProcess], connection: socket.socket) -> dict[str, Any]:
    match request:
        case {"load": name, "text": text, "file": file}:
            try:
                path = Path(file)
                path.write_text(text, encoding="utf-8")
                subjects[name] = InProcess(functions.load_function(path, name))
            except LabError as error:
                return {"raised": str(error), "lines": "", "printed": ""}
            except (ValueError, RecursionError, MemoryError) as error:  # on text that is hardly Python
                return {"raised": f"the notebook cannot be read as Python: {type(error).__name__}", "lines": "", "printed": ""}
            return {"answer": None, "printed": ""}
        case {"ask": question, "of": name, "given": given}:
            subject = subjects[name]
            if "engine" in given:
                given["engine"] = rebuilt(*given["engine"])
            if question == "rollout":
                given["worker"] = DistantWorker(connection, given["worker"])
            try:
                return {"answer": subject.ask(question, **given), "printed": subject.printed}
            except Raised as raised:
                return {"raised": raised.outcome, "lines": raised.lines, "printed": subject.printed}
    raise ValueError(f"no such request: {sorted(request)}")


class DistantWorker:
    """The face of `labkit.rollout.Worker`; each call is answered by the grader, which keeps the recording."""

    def __init__(self, connection: socket.socket, known: dict[str, Any]) -> None:
        self._connection, self._lock = connection, threading.Lock()  # threads of a submission may call, too
        self.group_size = known["group_size"]
        self.config = SimpleNamespace(**known)
        self.weight_version = 0

    def _call(self, name: str, *arguments: Any) -> Any:
        with self._lock:
            message.send(self._connection, {"call": name, "arguments": arguments})
            reply = message.receive(self._connection, largest=math.inf)
        if "refused" in reply:
            raise LabError(reply["refused"])
        return reply["returned"]

    def running(self) -> bool:
        return bool(self._call("running"))

    def update_policy(self) -> int:
        self.weight_version = self._call("update_policy")
        return int(self.weight_version)

    def sample_problems(self) -> list[dict[str, str]]:
        return list(self._call("sample_problems"))

    def generate(self, prompts: Any, n: int = 1) -> list[list[Rollout]]:
        groups = self._call("generate", prompts if isinstance(prompts, str) else list(prompts), n)
        return [[Rollout(**rollout) for rollout in group] for group in groups]

    def score(self, token_ids: Any) -> list[list[dict[int, float] | None]]:
        rows = self._call("score", [list(ids) for ids in token_ids])
        return [[None if entry is None else dict(entry) for entry in row] for row in rows]

    def upload(self, items: Any, rollouts: Any, rewards: Any, gen_logps: Any) -> None:
        sent = [
            [{name: getattr(r, name) for name in ("prompt", "prompt_ids", "completion_ids")} for r in group]
            for group in rollouts
        ]
        self._call("upload", list(items), sent, rewards, gen_logps)

    def scripted_reward_format(self, answer: str) -> float:
        return float(self._call("scripted_reward_format", answer))

    def scripted_reward_correct(self, item: Any, answer: str) -> float:
        return float(self._call("scripted_reward_correct", item, answer))

    def scripted_normalize_group_rewards(self, rewards: Any) -> torch.Tensor:
        return torch.as_tensor(self._call("scripted_normalize_group_rewards", rewards))


if __name__ == "__main__":
    main()
