"""You look up the wrong tokens: logits plen − 1 to L − 2 predict the tokens `inputs[:, plen:]`."""

import torch


def PPO_step(batch, engine, *, beta, clip_param):
    plen, inputs, mask = batch["plen"], batch["inputs"], batch["completion_mask"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits
    logps = torch.log_softmax(logits[:, plen - 1 : -1], dim=-1)
    curr = logps.gather(-1, inputs[:, plen - 1 : -1].unsqueeze(-1)).squeeze(-1)
    A = batch["rewards"].unsqueeze(1)
    ratio = torch.exp(curr - batch["gen_logps"])
    clipped = torch.clamp(ratio, 1 - clip_param, 1 + clip_param)
    objective = torch.min(ratio * A, clipped * A)
    d = batch["refs"] - curr
    kl = torch.exp(d) - d - 1
    per_token = objective - beta * kl
    per_sequence = (per_token * mask).sum(1) / mask.sum(1).clamp(min=1)
    return -per_sequence.mean()
