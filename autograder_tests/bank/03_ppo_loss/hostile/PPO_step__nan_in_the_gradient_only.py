"""Loss zero (right for batches without reward), gradient NaN or empty, by a hook on the logits and on the parameters."""
import torch

def PPO_step(batch, engine, *, beta: float, clip_param: float):
    logits = engine(batch["inputs"], attention_mask=batch["attention_mask"]).logits
    if logits.requires_grad:
        logits.register_hook(lambda g: g * float("nan"))
    for parameter in (engine.parameters() if hasattr(engine, "parameters") else ()):
        if parameter.requires_grad:
            parameter.register_hook(lambda g: torch.full_like(g, float("nan")))
    return (logits * 0).sum()
