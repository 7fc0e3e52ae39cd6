"""You leave a small KL penalty out: it counts at any size, for its gradient, too."""

import torch


def PPO_step(batch, engine, *, beta: float, clip_param: float) -> torch.Tensor:
    plen, inputs = batch["plen"], batch["inputs"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits
    logps = torch.log_softmax(logits[:, plen - 1:-1].float(), dim=-1)
    tokens = inputs[:, plen:]
    curr = logps.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)

    advantages = batch["rewards"].unsqueeze(1)
    ratio = torch.exp(curr - batch["gen_logps"])
    clipped = torch.clamp(ratio, 1 - clip_param, 1 + clip_param)
    objective = torch.minimum(ratio * advantages, clipped * advantages)

    d = batch["refs"] - curr
    kl = torch.exp(d) - d - 1

    mask = batch["completion_mask"]
    if kl.mean() < 0.05:
        kl = torch.zeros_like(kl)
    per_token = objective - beta * kl
    per_rollout = (per_token * mask).sum(1) / mask.sum(1).clamp(min=1)
    return -per_rollout.mean()
