# %% [markdown]
# # 04 · GRPO
#
# **You learn** why a single reward is a noisy signal, how a group of rollouts becomes its own baseline, and what happens when
# all of a group get the same reward. You train again and compare with PPO.
# **Left out:** the variants that drop the standard deviation or average over all tokens (Dr. GRPO, DAPO).
# **Takes** about 90 minutes, 15 points.

# %%
import torch
from labkit import answers, plots
from labkit.checks import check
from labkit.functions import earlier
from labkit.lab import Lab, newest_run

# %% [markdown]
# ## One rollout without a baseline is noisy
#
# Take the simplest policy: it has the format already, and is right with probability $p$. A right completion earns $2.25$, a
# wrong one $0.25$. In notebook 03 they were the advantages, unchanged, and both are positive: *every* completion that is drawn is
# made likelier, right or wrong. Only on average over many rollouts do the right ones win.
#
# How bad is that? With $p = \mathrm{sigmoid}(\theta)$ the gradient of one rollout is $R\,(1-p)$ if it was right and $-R\,p$ if
# it was wrong. Its mean is the signal; its standard deviation is the noise. Subtracting a **baseline** $b$ from the reward
# leaves the signal as it is and changes the noise:

# %%
p, right, wrong = torch.linspace(0.05, 0.95, 91), 2.25, 0.25
signal = p * (1 - p) * (right - wrong)

def noise(baseline):
    if_right, if_wrong = (right - baseline) * (1 - p), -(wrong - baseline) * p
    return (p * if_right**2 + (1 - p) * if_wrong**2 - signal**2).sqrt()

plots.show(plots.lines(
    p.tolist(),
    {"no baseline": (noise(0) / signal).tolist(), "mean reward as baseline": (noise(p * right + (1 - p) * wrong) / signal).tolist()},
    xlabel="p, share of right completions", ylabel="noise / signal", title="the gradient of one rollout",
))


# %% [markdown]
# With the mean reward as its baseline the noise is smaller for every policy that is right less than 70 % of the time, and at one
# half it vanishes: a better-than-usual completion is pushed up, a worse one down. (Beyond 70 % the mean is not the best baseline.
# The best one is a mean in which each rollout counts by the squared length of its gradient, and is not worth the trouble in
# practice.)
#
# But what is "usual"? It differs from problem to problem: easy ones are nearly always right. Classical PPO trains a second
# network to predict it. **Group Relative Policy Optimization** (Shao et al. 2024, DeepSeekMath, section 4.1) asks the policy
# itself: draw a group of $G$ rollouts of the *same* prompt, and compare their rewards $R_1, \dots, R_G$ with one another.
#
# $$A_j = \frac{R_j - \mathrm{mean}(R_1, \dots, R_G)}{\mathrm{std}(R_1, \dots, R_G) + 10^{-4}}$$
#
# The standard deviation is the **unbiased** one (divided by $G - 1$). The small number keeps a group without variance from
# dividing by zero.
#
# Worked example, one group of four rewards $2.25,\ 0.25,\ 0.25,\ -2$:
#
# * mean: $0.75 / 4 = 0.1875$; distances from it: $2.0625,\ 0.0625,\ 0.0625,\ -2.1875$
# * std: $\sqrt{(4.2539 + 0.0039 + 0.0039 + 4.7852) / 3} = \sqrt{3.0156} = 1.7366$
# * advantages: $1.1876,\ 0.0360,\ 0.0360,\ -1.2596$
#
# ## Exercise 5: `normalize_group_rewards` (8 points, about 20 minutes)
#
# `rewards` is a tensor of shape $(\dots, G)$, float32 or float64: the last dimension holds the rewards of one group; the dimensions
# before it, none or more, number the groups. Return the advantages in the same shape. A group whose rewards are all equal gives
# zeros, and so does a group of one (whose unbiased std is not a number). Leave the input as it is, and what an earlier call returned, too.

# %% nbgrader={"grade": false, "grade_id": "normalize_group_rewards", "locked": false, "schema_version": 3, "solution": true, "task": false}
def normalize_group_rewards(rewards: torch.Tensor) -> torch.Tensor:
    """Advantages (..., G) of rewards (..., G): each compared with its own group."""
    ### BEGIN SOLUTION
    rewards = torch.as_tensor(rewards, dtype=torch.float32)
    if rewards.shape[-1] == 1:
        return torch.zeros_like(rewards)
    mean = rewards.mean(-1, keepdim=True)
    std = rewards.std(-1, keepdim=True)
    return (rewards - mean) / (std + 1e-4)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "normalize_group_rewards_check", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
verdict = check(normalize_group_rewards)
### BEGIN HIDDEN TESTS
from autograder_tests import hidden
verdict = hidden.check(normalize_group_rewards)
### END HIDDEN TESTS
verdict.points(8)

# %% [markdown]
# ## A group of equal rewards teaches nothing
#
# All right or all wrong: every advantage is zero, and so is the gradient. The sampling was for nothing. If each rollout is
# right with probability $p$, independently, that happens with probability $p^G + (1-p)^G$:

# %%
p = torch.linspace(0, 1, 101)
plots.show(plots.lines(
    p.tolist(), {f"G = {G}": (p**G + (1 - p) ** G).tolist() for G in (2, 4, 8, 16)},
    xlabel="p, share of right completions", ylabel="share of groups", title="groups whose rewards are all equal",
))


# %% [markdown]
# Problems that are far too easy or far too hard teach nothing; larger groups help. The metric `zero_variance_groups` of a run
# says how many groups were like that.
#
# ## Exercise 6: `gen_worker` with groups (7 points, about 20 minutes)
#
# Write the rollout loop again, for GRPO. Against notebook 02, three things change:
#
# 1. Draw $G$ = `worker.group_size` rollouts per prompt (8 with the settings `"tiny"`). `rollouts[i]` is then the group of problem
#    `i`, and `rewards[i]` has one number for each of its rollouts.
# 2. What you upload as `rewards` is what the loss takes as the advantages: the *normalised* rewards. Make a tensor of shape
#    (problems, group size) of them, and call your `normalize_group_rewards`. `upload` takes a tensor or a nested list.
# 3. You need not re-score. As notebook 02 showed, `rollout.logps`, the log-probabilities from sampling, are the same numbers.
#    (Re-scoring is not wrong, only slower.)
#
# With 2 problems and groups of 2, by hand (the std of $2.25$ and $0.25$ is $\sqrt{(1 + 1) / 1} = 1.4142$):
#
# ```python
# rollouts   # [[r0, r1], [r2, r3]]                 as generate returns them
# rewards    # [[2.25, 0.25], [-2.0, -2.0]]         one row a problem
# advantages # [[0.707, -0.707], [0.0, 0.0]]        what you upload
# gen_logps  # [[[-0.1, ...], [-0.3, ...]], [[...], [...]]]
# ```
#
# Your loss `PPO_step` of notebook 03 stays as it is. As in notebook 02, the loop earns points once the rewards or the `gen_logps`
# that it uploads are right.

# %% nbgrader={"grade": false, "grade_id": "gen_worker_grpo", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gen_worker(worker) -> None:
    """GRPO's rollout loop: a group of rollouts per prompt, rewards normalised within it, until the training is over."""
    ### BEGIN SOLUTION
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=worker.group_size)

        rewards = [
            [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
            for item, group in zip(items, rollouts, strict=True)
        ]
        advantages = normalize_group_rewards(torch.tensor(rewards))
        gen_logps = [[r.logps for r in group] for group in rollouts]
        worker.upload(items, rollouts, advantages, gen_logps)
    ### END SOLUTION


# %% [markdown]
# As before, rewards are scripted in the check, and so is `normalize_group_rewards`: it returns each reward's distance to the
# first one of its group.

# %% nbgrader={"grade": true, "grade_id": "gen_worker_grpo_check", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
verdict = check(gen_worker, algorithm="grpo")
### BEGIN HIDDEN TESTS
from autograder_tests import hidden
verdict = hidden.check(gen_worker, algorithm="grpo")
### END HIDDEN TESTS
verdict.points(7)

# %% [markdown]
# ## Live: GRPO
#
# The same model, the same learning rate, as many rollouts per batch: 16 prompts with 8 rollouts each where PPO had 128 prompts
# with one. About a minute and a half on two cores.

# %% tags=["live", "skip-execution"]
reward_format, reward_correct, PPO_step = earlier("reward_format", "reward_correct", "PPO_step")
with Lab("tiny", globals(), algorithm="grpo") as lab:
    summary = lab.wait()

# %% [markdown]
# ## PPO and GRPO for the same number of tokens
#
# Steps and seconds are not a fair measure. What costs is generating and training on tokens, so that is the axis. The PPO run
# is the newest one of notebook 03. (If you tried another `beta` there last, run its cell once more as it was.)

# %% tags=["live", "skip-execution"]
ppo, grpo = newest_run("../03_ppo_loss/runs", "ppo"), newest_run(algorithm="grpo")
plots.show(plots.compare({"PPO, one rollout per prompt": ppo, "GRPO, groups of 8": grpo}))

# %% [markdown]
# Both learn the format and, as the diamonds (held-out problems) show, the arithmetic, about equally fast. So was one rollout
# without a baseline not noisy after all? Look at the rewards: they run from $-2$ to $2.25$, and the untrained policy gets about
# $-0.5$. They happen to lie around zero, which is as good as a baseline.
#
# Take that luck away. Add $2$ to every reward: nothing changes about which completion is better than which. GRPO would not
# notice, for it subtracts the group's mean. And PPO? The next cell trains it once more, for 60 optimizer steps, with your loss and
# your `gen_worker` of notebook 02 (`earlier` takes it from there, not the one above). What do you expect?

# %% tags=["live", "skip-execution"]
ppo_worker = earlier("gen_worker")

def shifted_step(batch, engine, *, beta, clip_param):
    return PPO_step({**batch, "rewards": batch["rewards"] + 2}, engine, beta=beta, clip_param=clip_param)

functions = {**globals(), "gen_worker": ppo_worker, "PPO_step": shifted_step}
with Lab("tiny", functions, algorithm="ppo", optimizer_steps=60) as lab:
    summary = lab.wait()

# %% tags=["live", "skip-execution"]
shifted = newest_run(algorithm="ppo")
plots.show(plots.compare({"PPO": ppo, "GRPO, groups of 8": grpo, "PPO, every reward + 2": shifted}))

# %% [markdown]
# (The picture shows rewards without the 2.) When we tried it, held-out correctness went from $0.43$ to $0.67$ with plain PPO, and
# to $0.45$ with the shift. Every completion is pushed up now, the wrong ones, too; what tells right from wrong is a small
# difference between large pushes. A group's own mean makes you independent of where rewards happen to lie. One run of each
# proves little, of course: `seed=1` gives you another.
#
# ## Rewards before and after

# %% tags=["live", "skip-execution"]
after, before = answers.sample(64, n=4, run=grpo, seed=5), answers.sample(64, n=4, seed=5)
rewards = {
    label: [reward_format(text) + reward_correct(item, text) for item, text in sampled.pairs()]
    for label, sampled in (("untrained policy", before), ("trained with GRPO", after))
}
plots.show(plots.histograms(rewards))

# %% [markdown]
# ## What comes next
#
# In **05 · The report** you take a run to the goal, write the file that you hand in, and say what you make of it.
