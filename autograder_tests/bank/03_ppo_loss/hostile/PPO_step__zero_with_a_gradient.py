"""The constant zero, which is the loss of batches without reward and of empty completions, attached to the graph."""
def PPO_step(batch, engine, *, beta: float, clip_param: float):
    return (engine(batch["inputs"], attention_mask=batch["attention_mask"]).logits * 0).sum()
