"""Earns its points: right, computed in float64 with the default dtype and the grad mode changed and put back, a __torch_function__ mode entered and left, and noise at import."""
import sys, warnings
import torch
_before = torch.get_default_dtype()
torch.set_default_dtype(torch.float64)
_noise = torch.randn(1000, 100)
print(_noise.tolist())
torch.set_default_dtype(_before)
_grad = torch.is_grad_enabled()
torch.set_grad_enabled(False)
torch.set_grad_enabled(_grad)
_allclose = torch.allclose
torch.allclose = lambda *a, **k: True
torch.allclose = _allclose
from torch.overrides import TorchFunctionMode
with TorchFunctionMode():
    warnings.warn("in a mode")

def normalize_group_rewards(rewards: torch.Tensor) -> torch.Tensor:
    print("groups", rewards.shape, rewards, file=sys.stderr)
    torch.set_default_dtype(torch.float64)
    try:
        x = rewards.to(torch.float64)
        if x.shape[-1] < 2:
            result = torch.zeros_like(x)
        else:
            result = (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-4)
            same = (x == x[..., :1]).all(-1, keepdim=True)
            result = torch.where(same, torch.zeros_like(result), result)
    finally:
        torch.set_default_dtype(_before)
    return result.to(rewards.dtype if rewards.is_floating_point() else _before)
