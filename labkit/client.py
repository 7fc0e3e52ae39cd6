"""The reference server as the other two processes see it: `upload` and `get`, with the run's token, over real HTTP.

`upload` waits as long as it takes, `get` as long as the configuration's `stall_timeout`, neither for a dead peer: between tries
they look at the server's and their peer's state files, and raise what happened there.
"""

from __future__ import annotations

import time

import requests

from labkit import supervise, wire
from labkit.config import HOST, RunConfig, RunDir
from labkit.errors import ProcessError, ServerError
from labkit.wire import Batch

POLL = 2.0  # seconds one request waits at the server


class ReferenceClient:
    """Talks to the run's reference server; waits for it to be ready first. `peer` feeds it or takes from it."""

    def __init__(self, run: RunDir, config: RunConfig, *, peer: str) -> None:
        self._run, self._config, self._peer = run, config, peer
        state = supervise.wait_ready(run, "ref_server", config.start_timeout)
        self._url = f"http://{HOST}:{state.facts['port']}"
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment is not for loopback
        self._session.headers["Authorization"] = f"Bearer {state.facts['token']}"

    def upload(self, batch: Batch) -> bool:
        """Hand over a batch; waits while the server's queue is full. False where the run ended meanwhile.

        Raises ServerError where the server refuses it, ProcessError where a peer died.
        """
        blob = wire.encode(batch)
        while not self.ended():
            response = self._request("POST", "/upload", data=blob, headers={"Content-Type": wire.CONTENT_TYPE})
            if response is not None and response.status_code == 202:
                return True
        return False

    def wait_for_room(self) -> None:
        """Wait until the server has room for a batch, or the run has ended. Raises as `upload` does."""
        while not self.ended():
            response = self._request("GET", "/health")
            if response is not None and response.json()["room"]:
                return

    def wait_until_scored(self) -> None:
        """Wait until the reference model has scored what came, or the run has ended. Raises as `upload` does."""
        while not self.ended():
            response = self._request("GET", "/scored")
            if response is not None and response.status_code == 200:
                return

    def get(self) -> bytes | None:
        """The oldest optimizer step's rollouts with `refs`, for `wire.decode`. None where the run was stopped meanwhile.

        Raises ProcessError where a peer died, or none came for `stall_timeout` seconds after the peer was ready.
        """
        since, was_ready = time.monotonic(), False
        while not supervise.stopping(self._run):
            response = self._request("GET", "/get")
            if response is not None and response.status_code == 200:
                return response.content
            peer = supervise.check_peer(self._run, self._peer)
            if not was_ready and peer is not None and peer.phase == "ready":
                since, was_ready = time.monotonic(), True
            patience = self._config.stall_timeout if was_ready else self._config.start_timeout
            if (peer is not None and peer.phase == "done") or time.monotonic() - since > patience:
                phase = "was not started" if peer is None else f"is {peer.phase}"
                raise ProcessError(
                    f"no batch came for {time.monotonic() - since:.0f} s; the {self._peer} process {phase}. Raise "
                    f"stall_timeout if it is only slow\n{supervise.log_tail(self._run, self._peer)}"
                )
        return None

    def ended(self) -> bool:
        """Whether the trainer has finished or the run was asked to stop. Raises ProcessError where a peer died."""
        peer = supervise.check_peer(self._run, self._peer)
        return supervise.stopping(self._run) or (peer is not None and peer.phase == "done")

    def _request(self, method: str, path: str, **kwargs: object) -> requests.Response | None:
        """None where the server asks for patience. Raises ServerError for any other refusal."""
        try:
            response = self._session.request(method, self._url + path, params={"wait": POLL}, timeout=(5, 60), **kwargs)  # type: ignore[arg-type]
        except requests.RequestException as error:
            supervise.check_peer(self._run, "ref_server")
            if self.ended():
                return None
            raise ServerError(
                f"the reference server does not answer: {error}\n{supervise.log_tail(self._run, 'ref_server')}"
            ) from error
        if response.status_code == 503:
            return None
        if response.status_code >= 400:
            raise ServerError(f"the reference server refused {method} {path} with {response.status_code}: {response.text}")
        return response
