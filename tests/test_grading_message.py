"""What passes between grader and sandbox, and what does not: the sender is a stranger."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from labkit.errors import WireError
from labkit.grading import message


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def sent(theirs: socket.socket, text: str) -> None:
    data = text.encode()
    theirs.sendall(len(data).to_bytes(8, "big") + data)


@pytest.mark.parametrize(
    "tensor",
    [torch.randn(2, 3), torch.randn(3).double(), torch.arange(4), torch.zeros(0, 5), torch.tensor(1.5), torch.randn(4, 4).T],
)
def test_a_tensor_arrives_as_it_was(pair, tensor):
    ours, theirs = pair
    message.send(theirs, {"a": [tensor]})
    found = message.receive(ours)["a"][0]
    assert found.dtype == tensor.dtype
    assert found.shape == tensor.shape
    assert torch.equal(found, tensor)


def test_other_kinds_of_tensors_and_arrays_arrive_as_plain_ones(pair):
    ours, theirs = pair
    message.send(
        theirs, [torch.ones(2, dtype=torch.bfloat16), torch.ones(2, requires_grad=True), np.arange(3), np.float32(0.5)]
    )
    half, leaf, array, scalar = message.receive(ours)
    assert half.dtype == torch.float64
    assert not leaf.requires_grad
    assert (array, scalar) == ([0, 1, 2], 0.5)


@pytest.mark.parametrize(
    "text",
    [
        "no json", '{"a": ', "[" * 100_000, "1" * 5_000, '"\\ud800', '{"__tensor__": 3}',
        '{"__tensor__": ["float32", [2], "AAAA"]}', '{"__tensor__": ["object", [1], "AAAAAAAAAAA="]}',
        '{"__tensor__": ["float32", [-1], ""]}', '{"__tensor__": ["float32", [1e300], ""]}',
        '{"__tensor__": ["float32", [1000000000000], ""]}', '{"__tensor__": ["float32", [0, 1000000000000], ""]}',
        '{"__tensor__": ["float32", [262144, 0], ""]}',
        '{"__tensor__": ["float32", [1], "?"]}', '{"__tensor__": [["float32"], [1], "AAAA"]}',
        '{"__tensor__": ["float32", "11", ""]}',
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(pair, text):
    ours, theirs = pair
    sent(theirs, text)
    with pytest.raises(WireError):
        message.receive(ours)


def test_a_message_that_would_be_large_is_refused_before_it_is_read(pair):
    ours, theirs = pair
    theirs.sendall((2**40).to_bytes(8, "big"))
    with pytest.raises(WireError, match="1,099,511,627,776 bytes"):
        message.receive(ours)


def test_a_message_byte_by_byte_takes_no_longer_than_it_may(pair):
    ours, theirs = pair
    theirs.sendall((100).to_bytes(8, "big"))
    done = threading.Event()

    def drip() -> None:
        while not done.wait(0.02):
            theirs.sendall(b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    started = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            message.receive(ours, seconds=0.3)
        assert time.monotonic() - started < 1.5
    finally:
        done.set()
        thread.join()


def test_what_has_come_counts_though_the_receiver_was_busy_meanwhile(pair):
    """A neighbour's large file can keep the whole process busy for seconds."""
    ours, theirs = pair
    message.send(theirs, "in time")
    assert message.receive(ours, seconds=-1.0) == "in time"
    with pytest.raises(TimeoutError):
        message.receive(ours, seconds=-1.0)


def test_an_end_is_an_end(pair):
    ours, theirs = pair
    theirs.sendall(b"\0\0")
    theirs.close()
    with pytest.raises(EOFError):
        message.receive(ours)


def test_what_cannot_be_sent_is_named(pair):
    with pytest.raises(TypeError, match="set cannot be sent"):
        message.send(pair[1], {"a": {1}})


def test_names_of_tensors_are_no_way_around_the_check_of_forms(pair):
    """A dictionary with more than the tensor's key is a dictionary."""
    ours, theirs = pair
    sent(theirs, json.dumps({"__tensor__": ["float32", [0], ""], "more": 1}))
    assert message.receive(ours)["more"] == 1
