"""torch.distributions, and two means apart: objective and KL."""

import torch
from torch.distributions import Categorical


def masked_mean(x, mask):
    return ((x * mask).sum(1) / mask.sum(1).clamp_min(1)).mean()


def PPO_step(batch, engine, *, beta, clip_param):
    plen = batch["plen"]
    policy = Categorical(logits=engine(batch["inputs"], attention_mask=batch["attention_mask"]).logits[:, plen - 1 : -1])
    curr = policy.log_prob(batch["inputs"][:, plen:])
    ratio = torch.exp(curr - batch["gen_logps"])
    A = batch["rewards"][:, None]
    policy_loss = masked_mean(
        -torch.minimum(ratio * A, ratio.clamp(1 - clip_param, 1 + clip_param) * A), batch["completion_mask"]
    )
    d = batch["refs"] - curr
    return policy_loss + beta * masked_mean(torch.exp(d) - d - 1, batch["completion_mask"])
