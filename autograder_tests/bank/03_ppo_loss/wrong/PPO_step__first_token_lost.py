"""The first completion token is lost: its log-prob comes from the logits at position plen − 1, the last of the prompt."""

import torch


def PPO_step(batch, engine, *, beta, clip_param):
    plen, inputs, mask = batch["plen"], batch["inputs"], batch["completion_mask"][:, 1:]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits
    logps = torch.log_softmax(logits[:, plen:-1], dim=-1)
    curr = logps.gather(-1, inputs[:, plen + 1 :].unsqueeze(-1)).squeeze(-1)
    A = batch["rewards"].unsqueeze(1)
    ratio = torch.exp(curr - batch["gen_logps"][:, 1:])
    clipped = torch.clamp(ratio, 1 - clip_param, 1 + clip_param)
    objective = torch.min(ratio * A, clipped * A)
    d = batch["refs"][:, 1:] - curr
    kl = torch.exp(d) - d - 1
    per_token = objective - beta * kl
    per_sequence = (per_token * mask).sum(1) / mask.sum(1).clamp(min=1)
    return -per_sequence.mean()
