"""You take the longest completion for C: a batch can be wider than that. The completion begins at `plen`, count from there."""

import torch


def PPO_step(batch, engine, *, beta, clip_param):
    inputs, plen, mask = batch["inputs"], batch["plen"], batch["completion_mask"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits
    C = int(mask.sum(1).max())
    curr_logps = torch.log_softmax(logits[:, -C - 1 : -1], dim=-1).gather(-1, inputs[:, -C:].unsqueeze(-1)).squeeze(-1)
    pad = mask.shape[1] - C
    curr_logps = torch.nn.functional.pad(curr_logps, (0, pad))
    A = batch["rewards"].unsqueeze(1)
    ratio = torch.exp(curr_logps - batch["gen_logps"])
    J = torch.min(ratio * A, ratio.clamp(1 - clip_param, 1 + clip_param) * A)
    d = batch["refs"] - curr_logps
    kl = torch.exp(d) - d - 1
    per_token = (J - beta * kl) * mask
    lengths = mask.sum(1).clamp(min=1)
    return -(per_token.sum(1) / lengths).mean()
