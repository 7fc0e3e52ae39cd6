"""`pop` takes a key out of the batch: leave the batch as it is, and read `batch["plen"]`."""

import torch


def PPO_step(batch, engine, *, beta: float, clip_param: float) -> torch.Tensor:
    inputs, plen = batch["inputs"], batch.pop("plen")
    mask = batch["completion_mask"]
    advantages = batch["rewards"].unsqueeze(1)
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits
    logits = logits[:, plen - 1:-1, :]
    logps = torch.log_softmax(logits, dim=-1)
    curr_logps = logps.gather(2, inputs[:, plen:].unsqueeze(2)).squeeze(2)
    ratio = torch.exp(curr_logps - batch["gen_logps"])
    clipped = torch.clamp(ratio, 1 - clip_param, 1 + clip_param)
    objective = torch.min(ratio * advantages, clipped * advantages)
    d = batch["refs"] - curr_logps
    kl = torch.exp(d) - d - 1
    per_token = objective - beta * kl
    per_sequence = (per_token * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
    return -per_sequence.mean()
