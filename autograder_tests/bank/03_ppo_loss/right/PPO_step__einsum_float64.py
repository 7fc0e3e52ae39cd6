"""float64 inside, and an einsum for the weighted sum."""

import torch


def PPO_step(batch, engine, *, beta, clip_param):
    plen, inputs = batch["plen"], batch["inputs"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits.double()
    logits = logits[:, plen - 1 : logits.shape[1] - 1]
    one_hot = torch.nn.functional.one_hot(inputs[:, plen:], logits.shape[-1]).double()
    curr = torch.einsum("bcv,bcv->bc", torch.log_softmax(logits, -1), one_hot)
    mask = batch["completion_mask"].double()
    ratio = torch.exp(curr - batch["gen_logps"].double())
    a = batch["rewards"].double()[:, None]
    objective = torch.minimum(a * ratio, a * ratio.clamp(1 - clip_param, 1 + clip_param))
    gap = batch["refs"].double() - curr
    per_token = objective - beta * (gap.exp() - 1 - gap)
    weights = mask / mask.sum(1, keepdim=True).clamp(min=1) / len(inputs)
    return -torch.einsum("bc,bc->", per_token, weights)
