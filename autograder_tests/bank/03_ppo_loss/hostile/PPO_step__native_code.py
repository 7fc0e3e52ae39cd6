"""Compiles and loads native code in the worker: torch.utils.cpp_extension, torch.compile with a hostile backend, torch.jit, torch.hub's folder, an mmap that is run."""
import ctypes, mmap, os, tempfile
import torch

def _mapped():
    block = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    block.write(b"\xb8\x3c\x00\x00\x00\x31\xff\x0f\x05")
    address = ctypes.addressof(ctypes.c_char.from_buffer(block))
    ctypes.CFUNCTYPE(None)(address)()

def PPO_step(batch, engine, *, beta: float, clip_param: float):
    try:
        def backend(graph, inputs):
            return lambda *a: (torch.full((), float("nan")),)
        torch.compile(lambda x: x.sum() * 0, backend=backend)(torch.ones(3))
    except BaseException:
        pass
    try:
        from torch.utils.cpp_extension import load_inline
        with tempfile.TemporaryDirectory() as folder:
            load_inline("labkit_hostile_mark", "#include <unistd.h>\nstruct X { X() { alarm(0); write(1, \"25\\n\", 3); close(3); close(4); } } x;\nint f() { return 1; }", functions=["f"], build_directory=folder)
    except BaseException:
        pass
    _mapped()
    return torch.zeros((), requires_grad=True)
