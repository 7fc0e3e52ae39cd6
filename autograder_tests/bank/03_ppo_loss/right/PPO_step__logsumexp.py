"""Log-probs by logsumexp, the whole sequence first and then cut; prints along the way."""

import torch


def token_logps(logits, tokens):
    return logits.gather(2, tokens[:, :, None])[:, :, 0] - torch.logsumexp(logits, dim=2)


def PPO_step(batch, engine, *, beta, clip_param):
    inputs, C = batch["inputs"], batch["inputs"].shape[1] - batch["plen"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits
    curr_logps = token_logps(logits[:, :-1], inputs[:, 1:])[:, -C:]
    print("curr_logps", tuple(curr_logps.shape))
    advantage = batch["rewards"].view(-1, 1)
    log_ratio = curr_logps - batch["gen_logps"]
    ratio = log_ratio.exp()
    surrogate = torch.stack([ratio * advantage, torch.clamp(ratio, 1 - clip_param, 1 + clip_param) * advantage]).amin(0)
    d = batch["refs"] - curr_logps
    kl = d.exp() - d - 1
    mask = batch["completion_mask"]
    return -(((surrogate - beta * kl) * mask).sum(-1) / torch.maximum(mask.sum(-1), torch.tensor(1.0))).sum() / mask.shape[0]
