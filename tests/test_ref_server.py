"""The reference server over real HTTP, on the shipped policy."""

import threading
import time
from dataclasses import replace

import pytest
import requests
import torch
from conftest import make_batch

from labkit import wire
from labkit.config import RunConfig
from labkit.ref_server import ReferenceServer

TOKEN = "a-token"


@pytest.fixture
def server(config: RunConfig, policy):
    server = ReferenceServer(replace(config, rollouts_per_step=16, queue_size=2, max_upload_bytes=100_000), policy, TOKEN)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server
    server.close()
    thread.join(5)


def ask(server: ReferenceServer, method: str, path: str, token: str = TOKEN, **kwargs) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} | kwargs.pop("headers", {})
    return requests.request(method, f"http://127.0.0.1:{server.port}{path}", headers=headers, timeout=20, **kwargs)


def test_a_batch_comes_back_with_the_reference_log_probs(server, policy):
    batch = make_batch()
    assert ask(server, "POST", "/upload", data=wire.encode(batch)).status_code == 202
    response = ask(server, "GET", "/get?wait=10")
    assert response.status_code == 200
    got = wire.decode(response.content)
    assert torch.equal(got.inputs, batch.inputs)
    with torch.no_grad():
        expected = policy.completion_logps(batch.inputs, batch.attention_mask, batch.plen, chunk_bytes=2**28)
    torch.testing.assert_close(got.refs, expected * batch.completion_mask, rtol=0, atol=1e-4)
    assert not got.refs[batch.completion_mask == 0].any()


def test_the_first_rows_are_handed_on_while_the_rest_is_scored(server, monkeypatch):
    """One optimizer step's rows at a time, padded as the batch is; from then on there is room for another batch."""
    batch, scored, go_on = make_batch(4, 4), [], threading.Event()

    def score(rows):
        scored.append(len(rows.inputs))
        assert len(scored) == 1 or go_on.wait(20)
        return ReferenceServer.score(server, rows)

    monkeypatch.setattr(server, "_config", replace(server._config, rollouts_per_step=8))
    monkeypatch.setattr(server, "_room", threading.BoundedSemaphore(1))
    monkeypatch.setattr(server, "score", score)
    ask(server, "POST", "/upload", data=wire.encode(batch))
    assert not ask(server, "GET", "/health").json()["room"]
    first = wire.decode(ask(server, "GET", "/get?wait=10").content)
    assert ask(server, "GET", "/health").json()["room"]
    assert ask(server, "GET", "/get?wait=0.3").status_code == 204
    assert ask(server, "GET", "/scored?wait=0.3").status_code == 204
    go_on.set()
    assert ask(server, "GET", "/scored?wait=10").status_code == 200
    second = wire.decode(ask(server, "GET", "/get?wait=10").content)
    assert scored == [8, 8]
    assert torch.equal(torch.cat([first.inputs, second.inputs]), batch.inputs)
    assert first.completion_lengths + second.completion_lengths == batch.completion_lengths
    assert ask(server, "GET", "/health").json()["room"]


def test_first_in_first_out(server):
    for version in (1, 2):
        ask(server, "POST", "/upload?wait=5", data=wire.encode(make_batch(weight_version=version)))
    versions = [wire.decode(ask(server, "GET", "/get?wait=10").content).weight_version for _ in range(2)]
    assert versions == [1, 2]


def test_a_full_queue_asks_for_patience_and_takes_the_batch_later(server):
    blob = wire.encode(make_batch())
    assert [ask(server, "POST", "/upload", data=blob).status_code for _ in range(3)] == [202, 202, 503]
    refusal = ask(server, "POST", "/upload", data=blob)
    assert int(refusal.headers["Retry-After"]) >= 1
    assert "2 of 2 batches wait already" in refusal.json()["message"]
    timer = threading.Timer(0.5, lambda: ask(server, "GET", "/get?wait=10"))
    timer.start()
    assert ask(server, "POST", "/upload?wait=10", data=blob).status_code == 202
    timer.join()


def test_an_empty_queue_is_polled_for_as_long_as_asked(server):
    started = time.monotonic()
    assert ask(server, "GET", "/get?wait=0.7").status_code == 204
    assert 0.6 < time.monotonic() - started < 5


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/upload"), ("GET", "/get"), ("GET", "/scored"), ("GET", "/health")])
def test_only_its_own_run_is_answered(server, method, path, token):
    assert ask(server, method, path, token).status_code == 401
    assert requests.request(method, f"http://127.0.0.1:{server.port}{path}", timeout=5).status_code == 401


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"", 400, "not a batch"),
        (b"nonsense", 400, "not a batch"),
        (wire.encode(replace(make_batch(), plen=99)), 400, "plen is 99"),
        (wire.encode(replace(make_batch(), inputs=make_batch().inputs + 10_000)), 400, "the vocabulary has"),
        (b"x" * 200_000, 413, ""),
    ],
)
def test_what_is_malformed_is_refused_and_the_server_goes_on(server, data, status, reason):
    response = ask(server, "POST", "/upload", data=data)
    assert response.status_code == status
    assert reason in response.text
    assert ask(server, "POST", "/upload", data=wire.encode(make_batch())).status_code == 202
    assert ask(server, "GET", "/get?wait=10").status_code == 200


def test_sequences_longer_than_the_run_are_refused(server, config):
    batch = make_batch(1, 1)
    width = config.max_prompt_tokens + config.max_completion_tokens + 1
    long = replace(batch, inputs=torch.ones(1, width, dtype=torch.int64), gen_logps=torch.zeros(1, width - batch.plen))
    response = ask(server, "POST", "/upload", data=wire.encode(long))
    assert response.status_code == 400
    assert f"sequences of {width} tokens; this run's longest are {width - 1}" in response.json()["message"]


def test_a_failed_model_is_told_of_while_its_turn_is_waited_for(server, monkeypatch):
    monkeypatch.setattr(server, "score", lambda rows: 1 / 0)
    ask(server, "POST", "/upload", data=wire.encode(make_batch()))
    response = ask(server, "GET", "/scored?wait=10")
    assert response.status_code == 500
    assert "ZeroDivisionError" in response.text


@pytest.mark.parametrize("wait", ["x", "-1", "1e9", "nan"])
def test_a_wrong_wait_is_refused(server, wait):
    assert ask(server, "GET", f"/get?wait={wait}").status_code == 400


def test_unknown_routes_are_404(server):
    assert ask(server, "GET", "/nothing").status_code == 404


def test_health_counts(server):
    ask(server, "POST", "/upload", data=wire.encode(make_batch()))
    ask(server, "GET", "/get?wait=10")
    health = ask(server, "GET", "/health").json()
    assert health["batches"] == 1
    assert health["arrived"] == health["scored"] == 0
    assert health["room"]


def test_health_waits_for_room(server):
    for _ in range(2):
        ask(server, "POST", "/upload", data=wire.encode(make_batch()))
    assert not ask(server, "GET", "/health").json()["room"]
    timer = threading.Timer(0.5, lambda: ask(server, "GET", "/get?wait=10"))
    timer.start()
    started = time.monotonic()
    assert ask(server, "GET", "/health?wait=10").json()["room"]
    assert 0.3 < time.monotonic() - started < 5
    timer.join()


def test_a_failing_model_is_told_of(config):
    class FailingPolicy(torch.nn.Module):
        """A fake: has a vocabulary and a parameter, and fails on every batch."""

        def __init__(self, model):
            super().__init__()
            self.model = model

        def completion_logps(self, *args, **kwargs):
            raise RuntimeError("out of memory, say")

    from labkit.policy import load_model

    server = ReferenceServer(config, FailingPolicy(load_model(config)), TOKEN)
    threading.Thread(target=server.serve, daemon=True).start()
    ask(server, "POST", "/upload", data=wire.encode(make_batch()))
    response = ask(server, "GET", "/get?wait=5")
    server.close()
    assert response.status_code == 500
    assert "out of memory, say" in response.json()["message"]
