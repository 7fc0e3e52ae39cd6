"""Messages between the grader and a sandbox: JSON, with tensors as plain bytes. Nothing is ever unpickled.

A message is 8 bytes of length, then JSON. What comes from a sandbox is text from a stranger: its size and the time that it
takes are bounded, and a tensor must be what its own header says.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import socket
import time
from typing import Any

import torch
from torch import Tensor

from labkit.errors import WireError

LARGEST = 2**20  # bytes of a message from a sandbox
MOST_DIMENSIONS, MOST_NUMBERS = 8, 2**18  # of a tensor
MOST_EMPTY = 1024  # an empty tensor takes no bytes here, and as many empty lists as its shape says afterwards
DTYPES = {"float32": torch.float32, "float64": torch.float64, "int64": torch.int64}
_TENSOR = "__tensor__"


def send(connection: socket.socket, message: Any) -> None:
    data = json.dumps(message, default=_encoded).encode()
    connection.sendall(len(data).to_bytes(8, "big") + data)


def receive(connection: socket.socket, seconds: float | None = None, largest: float = LARGEST) -> Any:
    """The next message, of at most `largest` bytes. Raises EOFError where the other side is gone, TimeoutError where it has
    not all come after `seconds` (None: however long it takes), and WireError for what is no message."""
    deadline = None if seconds is None else time.monotonic() + seconds
    length = int.from_bytes(_exactly(connection, 8, deadline), "big")
    if length > largest:
        raise WireError(f"a message of {length:,} bytes; at most {largest:,} are taken")
    try:
        return json.loads(_exactly(connection, length, deadline), object_hook=_decoded)
    except (ValueError, RecursionError) as error:
        raise WireError(f"no message: {type(error).__name__}: {error}") from error


def _exactly(connection: socket.socket, count: int, deadline: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        if deadline is not None:  # for the whole message: byte by byte it could take forever
            connection.settimeout(max(deadline - time.monotonic(), 0))  # 0: only what has come already, while we were busy
        try:
            part = connection.recv(min(count - len(parts), 1 << 16))
        except BlockingIOError:
            raise TimeoutError from None
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _encoded(value: Any) -> Any:
    if isinstance(value, Tensor):
        value = value.detach().cpu().contiguous()
        name = str(value.dtype).removeprefix("torch.")
        if name not in DTYPES:
            value, name = value.double(), "float64"
        return {_TENSOR: [name, list(value.shape), base64.b64encode(value.numpy().tobytes()).decode()]}
    if hasattr(value, "tolist"):  # an array of numpy's
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _decoded(value: dict[str, Any]) -> Any:
    if set(value) != {_TENSOR}:
        return value
    try:
        name, shape, data = value[_TENSOR]
        raw, dtype = bytearray(base64.b64decode(data, validate=True)), DTYPES[name]
        if len(shape) > MOST_DIMENSIONS or not all(type(n) is int and 0 <= n <= MOST_NUMBERS for n in shape):
            raise ValueError("no tensor: its shape is none")
        if math.prod(shape) * dtype.itemsize != len(raw) or (not raw and math.prod(max(n, 1) for n in shape) > MOST_EMPTY):
            raise ValueError(f"shape {shape} does not fit {len(raw)} bytes of {name}")
        return torch.frombuffer(raw, dtype=dtype).reshape(shape).clone() if raw else torch.zeros(shape, dtype=dtype)
    except (TypeError, KeyError, binascii.Error) as error:
        raise ValueError(f"no tensor: {error}") from error
