"""You add something to the probabilities before the logarithm: that changes unlikely tokens. `log_softmax` needs no such help."""

import torch


def PPO_step(batch, engine, *, beta, clip_param):
    inputs, plen, mask = batch["inputs"], batch["plen"], batch["completion_mask"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits
    curr_logps = (
        (torch.softmax(logits[:, plen - 1 : -1], dim=-1) + 1e-8).log().gather(-1, inputs[:, plen:].unsqueeze(-1)).squeeze(-1)
    )
    A = batch["rewards"].unsqueeze(1)
    ratio = torch.exp(curr_logps - batch["gen_logps"])
    J = torch.min(ratio * A, ratio.clamp(1 - clip_param, 1 + clip_param) * A)
    d = batch["refs"] - curr_logps
    kl = torch.exp(d) - d - 1
    per_token = (J - beta * kl) * mask
    lengths = mask.sum(1).clamp(min=1)
    return -(per_token.sum(1) / lengths).mean()
