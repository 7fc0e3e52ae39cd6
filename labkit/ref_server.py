"""The reference server: takes batches from the rollout worker, adds the reference model's log-probs, hands them on.

    python -m labkit.ref_server --run DIR

    POST /upload?wait=S   a batch (see `wire`)                202; 503 with Retry-After when the queue is full for S seconds
    GET  /get?wait=S      an optimizer step's rows of the     200; 204 when none came within S seconds
                          oldest batch, with `refs`
    GET  /scored?wait=S   the model's turn is over            200; 204 when there was something to score for S seconds
    GET  /health?wait=S   what stands in the queues           200; after S seconds, or once there is room for a batch

First in, first out; a batch's first rows go to the trainer while the model still scores the rest. Bottle on waitress answers;
one thread owns the model. Every request carries the run's token.
"""

from __future__ import annotations

import hmac
import json
import logging
import queue
import secrets
import socket
import threading
import time
from dataclasses import replace

import torch
import waitress
from bottle import Bottle, HTTPResponse, request

from labkit import gpus, supervise, wire
from labkit.config import HOST, RunConfig, RunDir
from labkit.errors import WireError
from labkit.policy import Policy, load_model
from labkit.wire import Batch

log = logging.getLogger(__name__)

NAME = "ref_server"
LONGEST_WAIT = 30.0  # seconds that one /get may hang
RETRY_AFTER = 1  # seconds
HTTP_THREADS = 16


class ReferenceServer:
    """The queues, the model thread and the three routes. `serve` blocks until `close`."""

    def __init__(self, config: RunConfig, policy: Policy, token: str) -> None:
        self.token = token
        self._config = config
        self._policy = policy.eval()
        self._vocab_size = policy.model.get_output_embeddings().weight.shape[0]
        self._room = threading.BoundedSemaphore(config.queue_size)  # for batches of which nothing was handed on yet
        self._arrived: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        self._scored: queue.SimpleQueue[tuple[bytes, bool]] = queue.SimpleQueue()  # rows; whether they are a batch's first
        self._unscored = 0  # batches
        self._turn = threading.Condition()
        self._failure: BaseException | None = None
        self._started = time.monotonic()
        self._batches = 0
        self._seconds_busy = 0.0
        self.app = Bottle()
        self.app.route("/upload", "POST", self._upload)
        self.app.route("/get", "GET", self._get)
        self.app.route("/scored", "GET", self._all_scored)
        self.app.route("/health", "GET", self._health)
        self.app.add_hook("before_request", self._authorize)
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._server = waitress.create_server(
            self.app, sockets=[self._listener], threads=HTTP_THREADS, max_request_body_size=config.max_upload_bytes
        )
        threading.Thread(target=self._score_forever, name="model", daemon=True).start()

    def serve(self) -> None:
        self._server.run()

    def close(self) -> None:
        self._server.close()

    # --- the model thread

    def _score_forever(self) -> None:
        while True:
            batch, size = self._arrived.get(), self._config.rollouts_per_step
            for start in range(0, len(batch.inputs), size):
                started = time.monotonic()
                rows = batch.rows(start, start + size)
                try:
                    blob = wire.encode(replace(rows, refs=self.score(rows)))
                except Exception as error:
                    log.exception("the reference model failed on a batch")
                    self._failure = error
                    return
                self._seconds_busy += time.monotonic() - started
                self._batches += start + size >= len(batch.inputs)
                self._scored.put((blob, start == 0))
            with self._turn:
                self._unscored -= 1
                self._turn.notify_all()

    @torch.inference_mode()
    def score(self, batch: Batch) -> torch.Tensor:
        """The reference model's log-probs `(B, C)` float32 of the completions; 0 on padding."""
        device = next(self._policy.parameters()).device
        step = max(self._config.micro_batch_size, batch.group_size)
        parts = []
        for start in range(0, len(batch.inputs), step):
            rows = batch.rows(start, start + step)
            logps = self._policy.completion_logps(
                rows.inputs.to(device),
                rows.attention_mask.to(device),
                batch.plen,
                chunk_bytes=self._config.logits_chunk_bytes,
            )
            parts.append(logps.cpu() * rows.completion_mask)
        return torch.cat(parts)

    # --- the routes

    def _authorize(self) -> None:
        given = request.get_header("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            raise _reply(401, "this server answers only to its own run: send `Authorization: Bearer TOKEN`")

    def _upload(self) -> HTTPResponse:
        self._check_model()
        wait = _wait()
        try:
            batch = wire.decode(request.body.read(), vocab_size=self._vocab_size)
        except WireError as error:
            return _reply(400, str(error))
        longest = self._config.max_prompt_tokens + self._config.max_completion_tokens
        if batch.inputs.shape[1] > longest:
            return _reply(400, f"sequences of {batch.inputs.shape[1]} tokens; this run's longest are {longest}")
        if not self._room.acquire(timeout=wait):
            held = self._config.queue_size
            return _reply(503, f"{held} of {held} batches wait already; send this one again", retry_after=RETRY_AFTER)
        with self._turn:
            self._unscored += 1
        self._arrived.put(batch)
        return _reply(202, "taken")

    def _get(self) -> HTTPResponse:
        deadline = time.monotonic() + _wait()
        while True:
            self._check_model()
            left = deadline - time.monotonic()
            try:
                blob, first = self._scored.get(block=left > 0, timeout=max(0.0, min(left, 0.5)))
            except queue.Empty:
                if left <= 0:
                    return HTTPResponse(status=204)
                continue
            if first:
                self._room.release()
            return HTTPResponse(blob, 200, {"Content-Type": wire.CONTENT_TYPE})

    def _all_scored(self) -> HTTPResponse:
        deadline = time.monotonic() + _wait()
        with self._turn:
            while self._unscored:
                self._check_model()
                left = deadline - time.monotonic()
                if left <= 0:
                    return HTTPResponse(status=204)
                self._turn.wait(min(left, 0.5))
        return HTTPResponse(status=200)

    def _health(self) -> HTTPResponse:
        self._check_model()
        room = self._room.acquire(timeout=_wait())
        if room:
            self._room.release()
        facts = {
            "room": room,
            "arrived": self._arrived.qsize(),
            "scored": self._scored.qsize(),
            "batches": self._batches,
            "seconds_busy": round(self._seconds_busy, 3),
            "seconds": round(time.monotonic() - self._started, 3),
        }
        return HTTPResponse(json.dumps(facts), 200, {"Content-Type": "application/json"})

    def _check_model(self) -> None:
        if self._failure is not None:
            memory = isinstance(self._failure, torch.OutOfMemoryError)
            advice = "; lower logits_chunk_bytes or micro_batch_size, or give it another reference_device" if memory else ""
            raise _reply(500, f"the reference model failed: {type(self._failure).__name__}: {self._failure}{advice}")


def _wait() -> float:
    """The `wait` of a request, in seconds, 0 to LONGEST_WAIT."""
    text = request.query.get("wait", "0")
    try:
        seconds = float(text)
    except ValueError:
        raise _reply(400, f"wait is {text!r}; it must be seconds") from None
    if not 0 <= seconds <= LONGEST_WAIT:
        raise _reply(400, f"wait is {text}; it must lie in 0 .. {LONGEST_WAIT} seconds")
    return seconds


def _reply(status: int, message: str, retry_after: int | None = None) -> HTTPResponse:
    headers = {"Content-Type": "application/json"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return HTTPResponse(json.dumps({"message": message}), status, headers)


def serve(run: RunDir, config: RunConfig) -> None:
    torch.set_num_threads(config.reference_threads)
    if config.device == "cuda":
        gpus.see_only(config.reference_device)
    policy = Policy(load_model(config)).to(config.device)
    server = ReferenceServer(config, policy, secrets.token_urlsafe(32))
    supervise.write_state(run, NAME, "ready", port=server.port, token=server.token)
    log.info("listening on %s, port %d", HOST, server.port)
    threading.Thread(target=_close_after, args=(run, server), name="end", daemon=True).start()
    server.serve()


def _close_after(run: RunDir, server: ReferenceServer) -> None:
    """A server must not outlive its run: it closes when the trainer has taken its last step."""
    while (state := supervise.read_state(run, "trainer")) is None or state.phase != "done":
        time.sleep(0.5)
    server.close()


if __name__ == "__main__":
    supervise.process_main(NAME, serve)
