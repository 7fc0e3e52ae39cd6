"""You take the last token for the end and look for its first place: it may occur earlier, too. `completion_mask` alone decides."""

import torch


def PPO_step(batch, engine, *, beta, clip_param):
    inputs, plen, mask = batch["inputs"], batch["plen"], batch["completion_mask"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits
    curr_logps = torch.log_softmax(logits[:, plen - 1 : -1], dim=-1).gather(-1, inputs[:, plen:].unsqueeze(-1)).squeeze(-1)
    n = mask.sum(1).long().clamp(min=1)
    end = inputs[:, plen:].gather(1, (n - 1).unsqueeze(1))
    seen = (inputs[:, plen:] == end).long().cumsum(1)
    seen = torch.cat([torch.zeros_like(seen[:, :1]), seen[:, :-1]], dim=1)
    mask = mask * (seen == 0)
    A = batch["rewards"].unsqueeze(1)
    ratio = torch.exp(curr_logps - batch["gen_logps"])
    J = torch.min(ratio * A, ratio.clamp(1 - clip_param, 1 + clip_param) * A)
    d = batch["refs"] - curr_logps
    kl = torch.exp(d) - d - 1
    per_token = (J - beta * kl) * mask
    lengths = mask.sum(1).clamp(min=1)
    return -(per_token.sum(1) / lengths).mean()
