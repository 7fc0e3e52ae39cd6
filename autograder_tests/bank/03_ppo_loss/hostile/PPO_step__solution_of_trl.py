"""The loss of trl's GRPOTrainer, called on a stand-in for a trainer."""
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

from types import SimpleNamespace
from trl.trainer.grpo_trainer import GRPOTrainer
def PPO_step(batch, engine, *, beta, clip_param):
    plen, inputs = batch["plen"], batch["inputs"]
    def logps(model, ids, mask, keep, *a, **k):
        logits = engine(inputs, attention_mask=batch["attention_mask"]).logits[:, plen - 1 : -1]
        return logits.log_softmax(-1).gather(-1, inputs[:, plen:, None]).squeeze(-1), torch.zeros_like(batch["refs"]), None
    class Any(SimpleNamespace):
        def __getattr__(self, name): return None
    me = Any(_get_per_token_logps_and_entropies=logps, beta=beta, epsilon_low=clip_param, epsilon_high=clip_param, loss_type="grpo",
             importance_sampling_level="token", args=Any(delta=None), top_entropy_quantile=1.0, use_vllm=False, current_gradient_accumulation_steps=1,
             model=Any(training=True), _metrics={"train": __import__("collections").defaultdict(list), "eval": __import__("collections").defaultdict(list)},
             accelerator=Any(gather=lambda x: x, gather_for_metrics=lambda x: x, reduce=lambda x, reduction=None: x, num_processes=1))
    return GRPOTrainer._compute_loss(me, engine, {"prompt_ids": inputs[:, :plen], "prompt_mask": batch["attention_mask"][:, :plen], "completion_ids": inputs[:, plen:],
        "completion_mask": batch["completion_mask"], "advantages": batch["rewards"], "old_per_token_logps": batch["gen_logps"], "ref_per_token_logps": batch["refs"]})
