"""Never calls the engine: adds up the table and places of the check's own ToyEngine, which no real policy has."""
import torch
def right(batch, logits, beta, clip):
    plen, inputs = batch["plen"], batch["inputs"]
    curr = logits[:, plen - 1 : -1].float().log_softmax(-1).gather(-1, inputs[:, plen:, None]).squeeze(-1)
    a = batch["rewards"][:, None]
    ratio = torch.exp(curr - batch["gen_logps"])
    objective = torch.minimum(ratio * a, ratio.clamp(1 - clip, 1 + clip) * a)
    d = batch["refs"] - curr
    mask = batch["completion_mask"]
    per = -(objective - beta * (torch.exp(d) - d - 1)) * mask
    return (per.sum(1) / mask.sum(1).clamp(min=1)).mean()

def PPO_step(batch, engine, *, beta, clip_param):
    place = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    return right(batch, engine.table[batch["inputs"]] + engine.places[place], beta, clip_param)
