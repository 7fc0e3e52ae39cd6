# %% [markdown]
# # 03 · The PPO loss
#
# **You learn** to write the loss that makes likely what was rewarded, why its steps are clipped, and what keeps the policy
# near the reference. Then you train, with the four functions that you have written.
# **Left out:** the value network of classical PPO and its advantage estimates. Here the advantage of a rollout is simply its
# reward, and notebook 04 shows what that costs.
# **Takes** about 150 minutes, 25 points.

# %%
import torch
from labkit import answers, plots
from labkit.checks import check
from labkit.checks.ppo_loss import by_hand
from labkit.functions import earlier
from labkit.lab import Lab, newest_run


# %% [markdown]
# ## The objective
#
# Reinforcement learning by **policy gradient** is simple at heart: make each sampled completion likelier in proportion to a number
# that says how good it was, its **advantage**. Here the advantage of rollout $i$ is its reward. (It is written $A_i$, as in the
# papers; in notebook 01 $A$ was an answer. From here on it never is.) All that follows makes such a step safe.
#
# A batch holds $B$ rollouts. Rollout $i$ has a completion of $|y_i|$ tokens, followed by padding up to $C$ completion positions.
# Three policies give each token $y_{i,t}$ a log-probability:
#
# | symbol | in the code | shape | what it is |
# | --- | --- | --- | --- |
# | $A_i$ | `batch["rewards"]` | $(B,)$ | the advantage |
# | $\log \pi_\theta(y_{i,t})$ | `curr_logps`, you compute it | $(B, C)$ | of the policy as it is now; the only one with a gradient |
# | $\log \pi_\text{gen}(y_{i,t})$ | `batch["gen_logps"]` | $(B, C)$ | of the policy that sampled, zero or more optimizer steps ago |
# | $\log \pi_\text{ref}(y_{i,t})$ | `batch["refs"]` | $(B, C)$ | of the reference, which is frozen |
#
# **The ratio** says how much likelier the token has become since it was sampled:
#
# $$\rho_{i,t} = \frac{\pi_\theta(y_{i,t})}{\pi_\text{gen}(y_{i,t})} = \exp\big(\log \pi_\theta(y_{i,t}) - \log \pi_\text{gen}(y_{i,t})\big)$$
#
# **The clipped objective** (Schulman et al. 2017, equation 7), with $\varepsilon$ = `clip_param`:
#
# $$J_{i,t} = \min\big(\rho_{i,t}\, A_i,\;\; \mathrm{clip}(\rho_{i,t},\, 1-\varepsilon,\, 1+\varepsilon)\, A_i\big)$$
#
# Increase $J$, and what was rewarded becomes likelier ($A_i > 0$), what was punished unlikelier ($A_i < 0$). The minimum takes
# away the incentive to go on once the ratio has left $[1-\varepsilon, 1+\varepsilon]$ in the wanted direction.
#
# **The KL penalty** keeps the policy near the reference. Its estimate for one token (Schulman 2020, called $k_3$), with the
# log-ratio $d_{i,t} = \log \pi_\text{ref}(y_{i,t}) - \log \pi_\theta(y_{i,t})$:
#
# $$\mathrm{KL}_{i,t} = e^{d_{i,t}} - d_{i,t} - 1$$
#
# **The loss** averages over the tokens of each completion first, then over the batch, and is negative because optimizers
# minimise:
#
# $$\mathcal{L} = -\frac{1}{B} \sum_{i=1}^{B} \frac{1}{|y_i|} \sum_{t=1}^{|y_i|} \big( J_{i,t} - \beta\, \mathrm{KL}_{i,t} \big)$$
#
# A rollout with an empty completion contributes $0$ to the sum, and still counts in $B$.
#
# ## Where a token's log-probability stands
#
# The model takes `inputs` of shape $(B, L)$: `plen` prompt positions, then $C = L - \text{plen}$ completion positions. It
# returns `logits` $(B, L, V)$, and the logits at position $t$ are its prediction for the token at position $t + 1$:
#
# ```
# position            0     1     2     3     4          plen = 3, L = 5, C = 2
# inputs              p0    p1    p2    y1    y2
# logits predict      p1    p2    y1    y2    (nothing)
#                                 └─ these two are needed: positions plen-1 .. L-2
# ```
#
# So the completion's $C$ log-probabilities come from the logits at positions `plen - 1` to `L - 2`, each looked up at the
# token that followed. `log_softmax` over the last dimension turns logits into log-probabilities; `gather` looks them up.
# Stay with logarithms: logits can be large and lie hundreds apart, and then `exp(...)` is infinite and `softmax(...).log()` minus
# infinity.
#
# ## Worked example
#
# One rollout of two tokens, $B = 1$, $C = 2$. The policy gives its tokens the probabilities $\frac12$ and $\frac14$; the
# generating policy and the reference gave both $\frac12$. The advantage is $1$, $\varepsilon = 0.2$, $\beta = 0.1$.
#
# | | first token | second token |
# | --- | --- | --- |
# | $\rho$ | $\frac12 / \frac12 = 1$ | $\frac14 / \frac12 = 0.5$ |
# | clipped $\rho$ | $1$ | $0.8$ |
# | $J = \min(\rho A, \mathrm{clip}(\rho) A)$ | $1$ | $\min(0.5, 0.8) = 0.5$ |
# | $d$ | $\log \frac12 - \log \frac12 = 0$ | $\log \frac12 - \log \frac14 = 0.6931$ |
# | $\mathrm{KL} = e^d - d - 1$ | $0$ | $2 - 0.6931 - 1 = 0.3069$ |
#
# $$\mathcal{L} = -\tfrac12 \big( (1 - 0.1 \cdot 0) + (0.5 - 0.1 \cdot 0.3069) \big) = -0.7347$$
#
# ## Exercise 4: `PPO_step` (25 points, about 75 minutes)
#
# | in `batch` | shape | |
# | --- | --- | --- |
# | `inputs` | $(B, L)$ int64 | prompts padded on the left, completions on the right; which token pads does not matter |
# | `plen` | int | prompt positions, padding included |
# | `rewards` | $(B,)$ | the advantages $A_i$ |
# | `refs`, `gen_logps` | $(B, C)$ | 0 on padding |
# | `completion_mask` | $(B, C)$ float | 1 on the completion's tokens, the end token included |
# | `attention_mask` | $(B, L)$ | 1 on tokens of prompt and completion; the engine needs it |
#
# `engine(inputs, attention_mask=...).logits` is the policy's forward pass, the only thing that `engine` can do for you here.
# Return one number, as a tensor through which a
# gradient flows to the policy. Leave the batch as it is.
#
# On padding the policy's log-probability can be anything, and a loss is lost to one `inf * 0`, which is `nan`: safest is to mask what
# goes into `exp`, not only what comes out. (The check does not go that far.)
#
# Mind that $A_i$ belongs to a row: `(B,)` against `(B, C)` does not broadcast along rows by itself, and where $B = C$ it
# silently broadcasts the wrong way.

# %% nbgrader={"grade": false, "grade_id": "PPO_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def PPO_step(batch, engine, *, beta: float, clip_param: float) -> torch.Tensor:
    """The PPO loss of a batch: clipped objective and KL penalty, a scalar to minimise."""
    ### BEGIN SOLUTION
    plen, inputs = batch["plen"], batch["inputs"]
    logits = engine(inputs, attention_mask=batch["attention_mask"]).logits  # (B, L, V)
    logps = logits[:, plen - 1 : -1].float().log_softmax(-1)  # (B, C, V)
    curr_logps = logps.gather(-1, inputs[:, plen:, None]).squeeze(-1)  # (B, C)

    advantages = batch["rewards"][:, None]  # (B, 1)
    ratio = torch.exp(curr_logps - batch["gen_logps"])
    clipped = ratio.clamp(1 - clip_param, 1 + clip_param)
    objective = torch.minimum(ratio * advantages, clipped * advantages)

    mask = batch["completion_mask"]
    log_ratio = (batch["refs"] - curr_logps) * mask  # on padding exp could be infinite, and inf * 0 is nan
    kl = torch.exp(log_ratio) - log_ratio - 1

    per_token = -(objective - beta * kl) * mask
    return (per_token.sum(1) / mask.sum(1).clamp(min=1)).mean()
    ### END SOLUTION


# %% [markdown]
# Try it on the worked example first. Where the number is another one, print $\rho$, $J$, $d$ and $\mathrm{KL}$ in your function,
# and compare them with the table.

# %%
batch, policy = by_hand()
print(f"{PPO_step(batch, policy, beta=0.1, clip_param=0.2).item():.4f}; by hand -0.7347")

# %% [markdown]
# Each row of the check is a small batch that brings out one thing. It compares the loss and its gradient: a loss that is
# right and trains nothing is found as well.

# %% nbgrader={"grade": true, "grade_id": "PPO_step_check", "locked": true, "points": 25, "schema_version": 3, "solution": false, "task": false}
verdict = check(PPO_step)
### BEGIN HIDDEN TESTS
from autograder_tests import hidden
verdict = hidden.check(PPO_step)
### END HIDDEN TESTS
verdict.points(25)


# %% [markdown]
# ## What clipping does, as a picture
#
# The next cell asks *your* function: a batch of a single token, whose probability is now $\frac14$, and was $\frac14 / \rho$
# when it was sampled. With $\beta = 0$, minus the loss is the objective $J$.

# %%
class QuarterEngine(torch.nn.Module):
    """Gives each of four tokens the probability 1/4."""
    def forward(self, inputs, attention_mask=None):
        self.logits = torch.zeros(*inputs.shape, 4, requires_grad=True)
        return self

def objective(ratio: float, advantage: float) -> float:
    one = torch.ones(1, 1)
    batch = {"inputs": torch.ones(1, 2, dtype=torch.int64), "plen": 1, "rewards": torch.tensor([advantage]),
             "gen_logps": torch.log(0.25 * one / ratio), "refs": torch.log(0.25 * one),
             "completion_mask": one, "attention_mask": torch.ones(1, 2, dtype=torch.int64)}
    return -PPO_step(batch, QuarterEngine(), beta=0.0, clip_param=0.2).item()


# %%
ratios = torch.linspace(0.4, 1.6, 121).tolist()
plots.show(plots.lines(
    ratios,
    {"advantage +1": [objective(r, 1.0) for r in ratios], "advantage −1": [objective(r, -1.0) for r in ratios]},
    xlabel="ratio ρ", ylabel="objective J", title="the clipped objective, ε = 0.2", marks=(0.8, 1.0, 1.2),
))

# %% [markdown]
# Where a curve is flat there is no gradient. A rewarded token stops being pushed up at $\rho = 1.2$, a punished one stops
# being pushed down at $\rho = 0.8$. On the other side nothing is clipped: a rewarded token that has become *unlikelier* is
# pulled back, however far it went. That is what the minimum is for; the clipped term alone would be flat there, too.
#
# ## The ratio is one on the first pass
#
# If the policy that trains is the one that sampled, then $\rho = 1$ everywhere and nothing is clipped; the gradient of
# $\rho A$ is then $A \nabla \log \pi$, the plain policy gradient. Clipping begins to matter with the second optimizer step on
# the same batch. Try it: five steps on one batch of 64 rollouts (random rewards will do here; `completion_logps` is a helper that
# this notebook's own engine has).

# %%
engine = answers.policy()
torch.manual_seed(0)
batch = answers.sample(8, n=8).batch(rewards=torch.randn(64))
optimizer = torch.optim.AdamW(engine.parameters(), lr=1e-4)
real = batch["completion_mask"] > 0
for step in range(1, 6):
    with torch.no_grad():
        curr_logps = engine.completion_logps(batch["inputs"], batch["attention_mask"], batch["plen"])
    ratio = torch.exp(curr_logps - batch["gen_logps"])[real]
    outside = ((ratio - 1).abs() > 0.2).float().mean()
    print(f"before step {step}: ratio {ratio.min():.2f} to {ratio.max():.2f}, {outside:.0%} of the tokens outside 1 ± 0.2")
    optimizer.zero_grad()
    PPO_step(batch, engine, beta=0.04, clip_param=0.2).backward()
    optimizer.step()

# %% [markdown]
# In the live run below, one batch of 128 rollouts makes two optimizer steps, and the rollout worker goes on sampling while
# the trainer trains: rollouts are a few steps old when their turn comes. Their **staleness** is the number of optimizer steps
# that were taken since. So ratios differ from one there, too.
#
# ## The KL estimator: bias and variance
#
# The exact KL divergence would be a sum over the whole vocabulary. From sampled tokens alone it can be estimated in more than
# one way. With $d = \log \pi_\text{ref} - \log \pi_\theta$ at the sampled token: $k_1 = -d$, $k_2 = d^2/2$,
# $k_3 = e^d - d - 1$. Here are the three against the exact value, for a policy over four tokens that is moved further and
# further from a reference:

# %%
torch.manual_seed(0)
reference, direction = torch.tensor([0.4, 0.3, 0.2, 0.1]), torch.tensor([1.0, -0.5, 0.3, -0.8])
distance = torch.linspace(0, 2, 21)
mean, spread = {"exact": [], "k1": [], "k2": [], "k3": []}, {"k1": [], "k2": [], "k3": []}
for s in distance:
    policy = (reference.log() + s * direction).softmax(0)
    sampled_tokens = torch.multinomial(policy, 20_000, replacement=True)
    d = (reference.log() - policy.log())[sampled_tokens]
    mean["exact"].append((policy * (policy.log() - reference.log())).sum().item())
    for name, estimate in {"k1": -d, "k2": d**2 / 2, "k3": d.exp() - d - 1}.items():
        mean[name].append(estimate.mean().item())
        spread[name].append(estimate.std().item())

# %%
plots.show(plots.lines(distance, mean, xlabel="distance from the reference", ylabel="nats", title="mean of the estimate"))
plots.show(plots.lines(distance, spread, xlabel="distance from the reference", ylabel="nats", title="spread for one token"))

# %% [markdown]
# $k_1$ is right on average (unbiased), but a single value of it may be negative, and it spreads widely. $k_2$ spreads little,
# and is the more wrong the further away the policy is (biased). $k_3$ is unbiased and never negative. Near the reference, where we
# want to stay, its spread is small, because the errors of its two parts $e^d - 1$ and $-d$ cancel while $d$ is small; far away, at
# the right edge, it spreads most of all. That is why it stands in your loss, and why it is good to stay near. (All of this holds
# for tokens drawn from $\pi_\theta$. Yours are drawn from $\pi_\text{gen}$, a few steps older and nearly the same.)
#
# ## Live: PPO with your own functions
#
# Three real processes, your four functions. 100 optimizer steps, about two minutes on two cores. The picture is drawn anew every
# two seconds. Watch the second panel, format adherence: the goal is 0.8.
#
# If something that you wrote raises, in whichever process, you see *your* lines here. To stop early, interrupt the kernel (■ in the
# toolbar): the processes end, and what the run wrote so far stays.

# %% tags=["live", "skip-execution"]
reward_format, reward_correct, gen_worker = earlier("reward_format", "reward_correct", "gen_worker")
with Lab("tiny", globals(), algorithm="ppo") as lab:
    summary = lab.wait()

# %% tags=["live", "skip-execution"]
for name in ("format_heldout_before", "format_heldout_after", "correct_heldout_before", "correct_heldout_after"):
    print(f"{name:24} {summary[name]:.2f}")

# %% [markdown]
# Things to look for:
#
# * Format rises fast: it pays $1.25 - (-1) = 2.25$ more to have it than not.
# * Correctness rises as well (the diamonds are the held-out problems, answered before the first step and after the last), though nobody showed the policy a
#   right solution. It knew how to compute all along, and often guessed instead. The next picture shows where it changed its
#   mind. Then the curve flattens: once all completions have the format, a wrong one still earns $0.25$, and is pushed *up*, only
#   less than a right one. That is what the next notebook is about.
# * KL rises: the policy leaves the reference. What would $\beta = 0$ do? And $\beta = 1$? `Lab(..., beta=1.0)` tries it.
#
# ## What has it learnt, token by token?
#
# A completion of the trained policy, each token coloured by $\log \pi_\theta - \log \pi_\text{ref}$: orange is what training
# has made likelier than it was for the reference.

# %% tags=["live", "skip-execution"]
trained = answers.sample(1, run=newest_run(algorithm="ppo"), seed=3)
rollout, refs = trained.rollouts[0][0], answers.score(trained)[0]
tokens = [trained.tokenizer.decode([i]) for i in rollout.completion_ids]
difference = [curr - ref for curr, ref in zip(rollout.logps, refs)]
plots.show(plots.token_heatmap(tokens, difference, title=rollout.prompt, unit="log-ratio (nats)"))

# %% [markdown]
# The change sits in a few tokens. Some decide the format: the first one, and those around the tags. One more is worth finding: the
# first after `<think>`. There the policy decides between a guess (`maybe`) and a computation (a digit). Nearly everything else was
# as good as certain before.
#
# ## What comes next
#
# You have trained a language model. In **04 · GRPO** you replace the raw reward by a comparison within a group of rollouts,
# and see what that does for the arithmetic.
