"""Reference solution of notebook 03: the clipped PPO objective with a KL penalty."""

import torch


def PPO_step(batch, engine, *, beta, clip_param):
    plen, inputs = batch["plen"], batch["inputs"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits  # (B, L, V)
    # The logits at position t predict the token at t + 1.
    logps = logits[:, plen - 1 : -1].float().log_softmax(-1)  # (B, C, V)
    curr_logps = logps.gather(-1, inputs[:, plen:, None]).squeeze(-1)  # (B, C)

    advantages = batch["rewards"][:, None]  # (B, 1)
    ratio = torch.exp(curr_logps - batch["gen_logps"])
    clipped = ratio.clamp(1 - clip_param, 1 + clip_param)
    objective = torch.minimum(ratio * advantages, clipped * advantages)

    log_ratio = batch["refs"] - curr_logps
    kl = torch.exp(log_ratio) - log_ratio - 1

    mask = batch["completion_mask"]
    per_token = -(objective - beta * kl) * mask
    return (per_token.sum(1) / mask.sum(1).clamp(min=1)).mean()
