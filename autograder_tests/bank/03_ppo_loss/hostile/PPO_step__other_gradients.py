"""Sends gradients of another form and size."""
import torch


def PPO_step(batch, engine, *, beta, clip_param):
    loss = engine(batch["inputs"], attention_mask=batch["attention_mask"]).logits.sum() * 0
    for parameter in engine.parameters():
        parameter.data = torch.zeros(3000, 1000)
    return loss
