"""Losses of odd kinds by turns: complex, sparse, quantised, nested, meta, expanded to 2^40 elements, bool, float8, with names, views of freed storage, Python numbers, None."""
import torch
_n = 0

def PPO_step(batch, engine, *, beta: float, clip_param: float):
    global _n
    _n += 1
    kinds = [
        lambda: torch.zeros((), dtype=torch.complex64, requires_grad=True), lambda: torch.sparse_coo_tensor(size=(1 << 40,), requires_grad=True),
        lambda: torch.quantize_per_tensor(torch.zeros(1), 0.1, 0, torch.quint8), lambda: torch.nested.nested_tensor([torch.zeros(1)], requires_grad=True),
        lambda: torch.empty((), device="meta", requires_grad=True), lambda: torch.zeros((), requires_grad=True).expand(1 << 40), lambda: torch.ones((), dtype=torch.bool),
        lambda: torch.zeros(()).to(torch.float8_e5m2), lambda: torch.zeros(1, names=("N",)), lambda: 0.0, lambda: None, lambda: [torch.zeros(())], lambda: "0",
        lambda: torch.zeros((1,) * 64, requires_grad=True), lambda: torch.nn.Parameter(torch.zeros(())), lambda: torch.zeros(0, 1 << 50, requires_grad=True), lambda: {"loss": 0.0, "passed": True},
    ]
    return kinds[_n % len(kinds)]()
