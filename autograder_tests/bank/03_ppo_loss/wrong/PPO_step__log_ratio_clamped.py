"""The KL penalty has no bounds: nothing is clamped there."""
import torch


def PPO_step(batch, engine, *, beta: float, clip_param: float) -> torch.Tensor:
    inputs, plen = batch["inputs"], batch["plen"]
    mask = batch["completion_mask"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits[:, plen - 1 : -1]
    pick = torch.nn.functional.one_hot(inputs[:, plen:], logits.shape[-1]).to(logits.dtype)
    logp = torch.einsum("bcv,bcv->bc", torch.log_softmax(logits, -1), pick)
    delta = logp - batch["gen_logps"]
    ratio = torch.exp(delta)
    adv = torch.einsum("b,bc->bc", batch["rewards"].to(ratio.dtype), torch.ones_like(ratio))
    gain = torch.minimum(ratio * adv, ratio.clamp(1 - clip_param, 1 + clip_param) * adv)
    d = torch.where(mask > 0, batch["refs"] - logp, torch.zeros_like(logp))
    gain = gain - beta * (torch.expm1(d.clamp(-5, 5)) - d.clamp(-5, 5))
    weight = mask / mask.sum(-1, keepdim=True).clamp(min=1)
    return -torch.einsum("bc,bc->b", gain, weight.to(gain.dtype)).mean()
