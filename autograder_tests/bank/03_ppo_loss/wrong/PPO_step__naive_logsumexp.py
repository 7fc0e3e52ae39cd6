"""The exponential of a large logit overflows: take `log_softmax` or `logsumexp`, which subtract the largest logit first."""

import torch


def PPO_step(batch, engine, *, beta, clip_param):
    inputs, plen, mask = batch["inputs"], batch["plen"], batch["completion_mask"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits
    rows = logits[:, plen - 1 : -1]
    curr_logps = rows.gather(-1, inputs[:, plen:].unsqueeze(-1)).squeeze(-1) - rows.exp().sum(-1).log()
    A = batch["rewards"].unsqueeze(1)
    ratio = torch.exp(curr_logps - batch["gen_logps"])
    J = torch.min(ratio * A, ratio.clamp(1 - clip_param, 1 + clip_param) * A)
    d = batch["refs"] - curr_logps
    kl = torch.exp(d) - d - 1
    per_token = (J - beta * kl) * mask
    lengths = mask.sum(1).clamp(min=1)
    return -(per_token.sum(1) / lengths).mean()
