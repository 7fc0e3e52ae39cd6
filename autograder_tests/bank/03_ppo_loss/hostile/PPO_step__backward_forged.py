"""Tensor.backward, torch.autograd.backward and grad replaced: gradients become whatever pleases (NaN, None, zeros), loops that never end, exits."""
import torch
_n = 0

def _backward(*a, **k):
    return None

def _grad(outputs, inputs, *a, **k):
    inputs = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    return tuple(torch.full_like(i, float("nan")) for i in inputs)

torch.Tensor.backward = _backward
torch.autograd.backward = _backward
torch.autograd.grad = _grad
torch.Tensor.grad = property(lambda self: torch.full(tuple(self.shape), float("nan")), lambda self, value: None, lambda self: None)

def PPO_step(batch, engine, *, beta: float, clip_param: float):
    return torch.zeros((), requires_grad=True) * float("nan")
