"""One rollout after the other, its tokens picked out by the mask."""

import torch


def one(curr, gen, ref, reward, beta, clip_param):
    ratio = torch.exp(curr - gen)
    best = torch.minimum(ratio * reward, ratio.clip(1 - clip_param, 1 + clip_param) * reward)
    kl = torch.exp(ref - curr) - (ref - curr) - 1
    return (best - beta * kl).mean()


def PPO_step(batch, engine, *, beta, clip_param):
    plen = batch["plen"]
    logits = engine(batch["inputs"], attention_mask=batch["attention_mask"]).logits
    total = 0 * logits.sum()
    for i in range(len(batch["inputs"])):
        real = batch["completion_mask"][i] > 0
        if not real.any():
            continue
        logps = logits[i, plen - 1 : -1].log_softmax(-1)
        curr = logps[torch.arange(len(logps)), batch["inputs"][i, plen:]]
        total = total - one(
            curr[real], batch["gen_logps"][i][real], batch["refs"][i][real], batch["rewards"][i], beta, clip_param
        )
    return total / len(batch["inputs"])
