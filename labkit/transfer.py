"""Policy weights from GPU to GPU: over NCCL between two of them, through CUDA IPC within one. vLLM's own transfer engines.

The rollout worker asks for weights between two batches; the trainer answers between two optimizer steps. Its announcement says
how they come, and the tensors follow at once. So neither holds a copy, and nobody waits for a disk.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import operator
import pickle
import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from labkit import supervise
from labkit.config import HOST, RunConfig, RunDir
from labkit.errors import SetupError, WeightsError
from labkit.weights import TAKEN, WANTED, Published, Publisher

POLL = 0.002  # seconds between two looks for the receiver's answer


class DirectPublisher(Publisher):
    """The trainer's side. Versions go out when the rollout worker wants them; only the last one of a run is stored."""

    on_request = True

    def __init__(self, run: RunDir, config: RunConfig) -> None:
        super().__init__(run, config)
        self._kind = config.weight_transfer
        self._receivers = config.tensor_parallel_size
        self._answered = 0  # requests
        self._group: Any = None

    def wanted(self, step: int) -> bool:
        # In a run that was told to stop nobody is there any more to receive them.
        return self._request()["request"] > self._answered and not supervise.stopping(self._run)

    def publish(self, version: int, tensors: Mapping[str, Tensor], probe_ids: list[int], probe_logps: list[float]) -> Published:
        """Answer the rollout worker's request. Blocks until it has the weights.

        Over IPC raises WeightsError where it stopped taking them, and ProcessError where it died. A broadcast over NCCL ends
        by itself only when every side takes part: where one dies, the supervisor ends the others.
        """
        request = self._request()
        sent = {name: tensor.detach().to(self._dtype) for name, tensor in tensors.items()}
        new = version > request["have"]
        transfer = self._describe(sent) if new else None
        published = Published(version, None, probe_ids, probe_logps, request=request["request"], transfer=transfer)
        self._announce(published)
        self._answered = request["request"]
        if new and self._kind == "nccl":
            self._broadcast(sent)
        elif new:
            self._wait_taken()
        return published

    def _request(self) -> dict[str, int]:
        try:
            request: dict[str, int] = json.loads((self._run.state / WANTED).read_text())
        except FileNotFoundError:
            return {"request": 0, "have": 0}
        return request

    def _describe(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        """What vLLM's receiving side is told: `init` once, `update` each time."""
        names = {"names": list(tensors), "dtype_names": [str(t.dtype).removeprefix("torch.") for t in tensors.values()],
                 "shapes": [list(t.shape) for t in tensors.values()]}  # fmt: skip
        if self._kind == "ipc":
            from torch.multiprocessing.reductions import reduce_tensor

            gpu = str(torch.cuda.get_device_properties(torch.cuda.current_device()).uuid)
            handles = [{gpu: reduce_tensor(tensor)[1]} for tensor in tensors.values()]  # type: ignore[no-untyped-call]
            return {"init": {}, "update": {**names, "ipc_handles_pickled": base64.b64encode(pickle.dumps(handles)).decode()}}
        from vllm.distributed.weight_transfer.nccl_engine import NCCLWeightTransferUpdateInfo

        if self._group is None:
            self._port = supervise.free_port()
        init = {"master_address": HOST, "master_port": self._port, "rank_offset": 1, "world_size": 1 + self._receivers}
        # Tensors travel in large packs. vLLM 0.26 is told so with each update, 0.32 once at the beginning.
        of_update = "packed" in {field.name for field in dataclasses.fields(NCCLWeightTransferUpdateInfo)}
        return {"init": {**init, **({} if of_update else {"packed": True})},
                "update": {**names, **({"packed": True} if of_update else {})}}  # fmt: skip

    def _broadcast(self, tensors: Mapping[str, Tensor]) -> None:
        from vllm.distributed.weight_transfer.nccl_common import trainer_init
        from vllm.distributed.weight_transfer.packed_tensor import packed_nccl_broadcast_producer

        if self._group is None:
            self._group = trainer_init({"master_address": HOST, "master_port": self._port, "world_size": 1 + self._receivers})
        packed_nccl_broadcast_producer(iter(tensors.items()), self._group, 0, operator.itemgetter(1))
        torch.cuda.synchronize()

    def _wait_taken(self) -> None:
        """The receiver reads this process's memory: the next step must not change it meanwhile."""
        since, file = time.monotonic(), self._run.state / TAKEN
        while not supervise.stopping(self._run) and (not file.exists() or int(file.read_text()) < self._answered):
            supervise.check_peer(self._run, "rollout")
            if time.monotonic() - since > self._patience:
                raise WeightsError(f"the rollout worker asked for weights and did not take them for {self._patience:.0f} s")
            time.sleep(POLL)


def make_publisher(run: RunDir, config: RunConfig) -> Publisher:
    """The publisher that `config.weight_transfer` names. Raises SetupError where it needs vLLM, and that is not installed."""
    if config.weight_transfer == "disk":
        return Publisher(run, config)
    try:
        import vllm.distributed.weight_transfer  # noqa: F401 - seconds, now rather than in the first step
    except ImportError as error:
        raise SetupError(
            f"weight_transfer={config.weight_transfer!r} needs vLLM, which does not import ({error}); install requirements/, "
            "or set weight_transfer='disk'"
        ) from error
    return DirectPublisher(run, config)
