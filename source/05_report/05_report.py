# %% [markdown]
# # 05 · The report
#
# **You learn** to make a run that reaches a goal, to look at its samples as well as its curves, and to say what they show and
# what they do not.
# **Left out:** new code. You use the functions that you have written.
# **Takes** about 60 minutes, 15 points.

# %%
from pathlib import Path
from labkit import plots
from labkit.checks import check_record
from labkit.functions import load_path
from labkit.lab import Lab, newest_run

# %% [markdown]
# ## A run that reaches the goal
#
# The course asks for a policy with a **format adherence above 0.8**: of its rollouts in the last third of the run, more than 80 %
# have the format. And the mean reward must be higher in the last third of the run than in the first.
#
# Choose an algorithm, `"ppo"` (with the `gen_worker` of notebook 02) or `"grpo"` (with that of notebook 04), and change **one**
# thing against the run that you made there: `beta`, `clip_param`, `learning_rate`, `group_size`, `optimizer_steps`, ... **Write
# down what you expect of it before you look.** The cell takes your functions from the notebooks beside this one.

# %% tags=["live", "skip-execution"]
algorithm, change = "grpo", {"beta": 0.01}
with Lab("tiny", load_path(Path(".."), algorithm), algorithm=algorithm, **change) as lab:
    summary = lab.wait()

# %% [markdown]
# Beside the run that you compare it with, for the same number of tokens:

# %% tags=["live", "skip-execution"]
before = newest_run({"ppo": "../03_ppo_loss/runs", "grpo": "../04_grpo/runs"}[algorithm], algorithm)
changed = ", ".join(f"{name} = {value}" for name, value in change.items())
plots.show(plots.compare({"as it was": before, changed: lab.run}))
for name in ("format_heldout_after", "correct_heldout_before", "correct_heldout_after"):
    print(f"{name:24} {summary[name]:.2f}")

# %% [markdown]
# Two runs differ by chance alone. How much? Train once more with nothing changed but `seed`; that is not your change, it is the
# measure for it.
#
# ## The file to hand in
#
# `lab.report()` writes two files beside this notebook: `report.html`, one page with everything that a reader needs, and
# `record.json`, the same for programs: the configuration, your functions, every optimizer step, and the sampled completions
# with their rewards. **Hand in both, together with this notebook.** (Did you restart the kernel?
# `Lab.newest().report()` writes them from the newest finished run.)

# %% tags=["live", "skip-execution"]
page = lab.report()
print(f"written: {page.name} and record.json")

# %% [markdown]
# Open `report.html` (in JupyterLab: double-click it in the file list, then *Trust HTML*). Read the samples, not only the curves.
# Is what earns the reward also what you would call a good answer?
#
# ## Check (10 points)
#
# The check reads `record.json`. It computes the rewards again, from the logged completions, and compares them with the curves. A
# record that was edited by hand is noticed.

# %% nbgrader={"grade": true, "grade_id": "report_check", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
verdict = check_record("record.json")
### BEGIN HIDDEN TESTS
from autograder_tests import hidden
verdict = hidden.check_record("record.json")
### END HIDDEN TESTS
verdict.points(10)

# %% [markdown]
# ## What do you conclude? (5 points, about 25 minutes; marked by hand)
#
# About 150 words, each point backed by a figure or a sample from your report:
#
# 1. What did you change, what did you expect, and what happened? Is the difference larger than chance? How did you, or would you,
#    find out?
# 2. Did the policy get better at arithmetic, or at writing tags? Which figure decides that?
# 3. Quote one sampled completion that earns a high reward and that you would not accept from a person (look among those with both
#    rewards). What would you change about the reward?

# %% [markdown] nbgrader={"grade": true, "grade_id": "conclusion", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Double-click here, and replace this line by your answer.*
#
# === BEGIN MARK SCHEME ===
#
# * **2 points.** One change is named, with what was expected and what was seen, in figures. For the second point: that runs differ
#   by chance, and that several seeds are needed to tell (one run of each proves nothing).
# * **2 points.** Format and correctness are kept apart, and the answer rests on correctness on *held-out* problems before and
#   after, not on the reward (which the format dominates) nor on the correctness of training rollouts.
# * **1 point.** A quoted sample with a fitting remark, such as a guess with an empty or meaningless think block, or a right
#   number reached by wrong steps; and a change of the reward that fits it.
#
# === END MARK SCHEME ===

# %% [markdown]
# ## What comes next
#
# That was the whole series: you wrote the rewards, the rollout loop and the loss, and trained a policy with them, in three
# processes that would run on a cluster just the same. With GPUs, `Lab("qwen2.5-3b", ...)` trains Qwen2.5-3B on GSM8K with the
# very same functions.
