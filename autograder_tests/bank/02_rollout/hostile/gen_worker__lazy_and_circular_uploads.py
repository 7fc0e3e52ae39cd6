"""Uploads generators, lists that contain themselves, a million levels, keys that are not text, sets, bytes, tensors on `meta`, open files, the worker itself."""
import itertools

def gen_worker(worker) -> None:
    import torch
    loop = []
    loop.append(loop)
    deep = 0.0
    for _ in range(1000000):
        deep = [deep]
    odd = [loop, deep, itertools.count(), (x for x in iter(int, 1)), {1: {(): 2}}, {1, 2}, b"\xff" * 10, torch.empty(3, device="meta"), torch.empty(1).expand(1 << 40),
           open("/dev/zero", "rb"), worker, gen_worker, type, object(), "\ud800", 10 ** 100000, range(1 << 60), memoryview(b"x"), torch.sparse_coo_tensor(size=(1 << 40,)), float]
    for thing in odd:
        if not worker.running():
            break
        for arguments in ((thing,) * 4, ([thing], [[thing]], [[thing]], [[[thing]]])):
            try:
                worker.upload(*arguments)
            except Exception:
                pass
