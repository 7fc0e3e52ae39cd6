"""cross_entropy, torch.where in place of the minimum, a masked mean in two steps."""

import torch
import torch.nn.functional as F


def PPO_step(batch, engine, *, beta, clip_param):
    """Cross entropy is minus the log-prob."""
    inputs, plen = batch["inputs"], batch["plen"]
    out = engine(inputs, attention_mask=batch["attention_mask"]).logits[:, plen - 1 : -1]
    curr = -F.cross_entropy(out.transpose(1, 2), inputs[:, plen:], reduction="none")
    A = batch["rewards"].reshape(-1, 1).expand_as(curr)
    ratio = (curr - batch["gen_logps"]).exp()
    low, high = 1.0 - clip_param, 1.0 + clip_param
    surrogate = torch.where(A >= 0, torch.clamp(ratio, max=high) * A, torch.clamp(ratio, min=low) * A)
    kl = torch.expm1(batch["refs"] - curr) - (batch["refs"] - curr)
    loss = torch.where(batch["completion_mask"].bool(), beta * kl - surrogate, torch.zeros_like(curr))
    tokens = batch["completion_mask"].sum(dim=1)
    return (loss.sum(dim=1) / torch.where(tokens > 0, tokens, torch.ones_like(tokens))).mean()
