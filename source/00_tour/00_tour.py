# %% [markdown]
# # 00 · A tour of the lab
#
# **You learn** what the problems look like, what an untrained policy answers, and which three processes train it.
# **Left out:** how anything is computed; that is the rest of the series.
# **Takes** about 20 minutes. Nothing here is graded.
#
# Run the cells from top to bottom with Shift + Enter. Everything happens on your own machine: no GPU and no network are needed.

# %%
from labkit import answers
from labkit.lab import Lab

# %% [markdown]
# ## The problems
#
# A **problem** is a question `"Q"` with an exact answer `"A"`. The lab's small problems are word problems in arithmetic:
# whole numbers, decimals and fractions, generated without end. (On GPUs the same code takes GSM8K, 8,500 school problems in
# words.)

# %%
sampled = answers.sample(8, seed=1)
for item in sampled.items:
    print(f'{item["Q"]:90} {item["A"]:>6}')


# %% [markdown]
# ## What an untrained policy answers
#
# The **policy** is a language model of a million parameters. Before this course it has read worked problems of this kind, in all
# sorts of formats. "Untrained" means that the training of this course has not begun. The format that *we* want stands in its
# **prompt**, before each question:
#
# > Think, then answer with a number: `<think>...</think><answer>...</answer>`
#
# A **completion** is what the policy writes after the prompt. It writes in **tokens**, pieces of text such as `think` or a digit,
# and draws one after the other, each at random from the probabilities that it gives. One prompt with one completion is a
# **rollout**. (A line break inside a completion is shown as ⏎.)

# %%
def show(sampled):
    for item, completion in sampled.pairs():
        print(f'{item["A"]:>6}   {completion}'.replace("\n", "⏎"))

show(sampled)

# %% [markdown]
# Some are right. Some have the format we asked for, and many have a part of it. In this lab you make the policy learn the
# format and get better at the arithmetic, and nobody shows it a solution any more: it only hears, after each completion, a
# number. That number is the **reward**, and you write it in the next notebook.
#
# Two other problems, with six completions each:

# %%
show(answers.sample(2, n=6, seed=2))

# %% [markdown]
# Completions of one problem differ a lot. That is what reinforcement learning lives on: among several attempts some are
# better, and those are made likelier.
#
# ## Three processes
#
# Training takes three jobs, and here, as on a cluster of GPUs, each is a process of its own:
#
# ```
#                  POST /upload                    GET /get
# rollout worker ───────────────▶ reference server ─────────▶ trainer
#  (vLLM)        plen, inputs,     (bottle)        … + refs    (DeepSpeed)
#     ▲          rewards, gen_logps                               │
#     └───────────────── policy weights, numbered ◀───────────────┘
# ```
#
# * The **rollout worker** draws completions with vLLM, an engine for fast sampling. It computes rewards, and uploads batches. It
#   runs *your* `gen_worker`.
# * The **reference server**, a small web server made with bottle, holds a frozen copy of the untrained policy, the *reference*.
#   To each batch it adds `refs`: how likely the reference finds every token. That is a leash: the policy must not drift away
#   from what it could before.
# * The **trainer** takes batches from the server, computes *your* loss `PPO_step`, and updates the policy with DeepSpeed, a
#   library for training on many devices. After each **optimizer step** it publishes the new weights under the next number, the
#   **weight version**; the worker takes them over.
#
# (What is written on the arrows, `plen` and so on, is explained in notebook 02.)
#
# The three are started now. They call functions that you have not written yet, so here are four that do next to nothing.
# The `gen_worker` answers four problems, once, and then waits.

# %% tags=["live", "skip-execution"]
import time

def reward_format(answer): return 0.0
def reward_correct(item, answer): return 0.0
def PPO_step(batch, engine, *, beta, clip_param): raise RuntimeError("the tour trains nothing")
def gen_worker(worker):
    for group in worker.generate([item["Q"] for item in worker.sample_problems()[:4]]):
        print(group[0].completion)
    while worker.running():
        time.sleep(0.2)


# %% [markdown]
# A **run** is a directory, here under `runs/`. `Lab` makes it, and starts the three processes with nothing but its path. `"tiny"`
# names the settings for a laptop, and `globals()` hands over the functions that are defined in this notebook. **Held-out
# problems** are kept apart: they are never trained on, and are answered before and after training to see what was learnt. Here 16
# will do.
#
# The next cell takes about 20 seconds: vLLM and DeepSpeed are large.

# %% tags=["live", "skip-execution"]
lab = Lab("tiny", globals(), algorithm="ppo", heldout_problems=16)
lab.start()
print(lab.health())

# %% [markdown]
# They are up. Each writes a log into the run's directory; the completions that this `gen_worker` printed are in the rollout
# worker's.

# %% tags=["live", "skip-execution"]
time.sleep(2)
print(*lab.run.log("rollout").read_text().splitlines()[-5:], sep="\n")

# %% [markdown]
# Whatever else a run produces lies in the same directory: its whole configuration (`config.json`), your functions, one line
# of figures for each optimizer step (`metrics.jsonl`), samples of completions (`samples.jsonl`).

# %% tags=["live", "skip-execution"]
for path in sorted(lab.run.path.rglob("*")):
    print(path.relative_to(lab.run.path))

# %% [markdown]
# Stop it. The processes end, all of them; the directory stays. A run also ends when its notebook is closed, and if one
# process dies, the others are ended and you are told which it was, with the last lines of its log.

# %% tags=["live", "skip-execution"]
lab.stop()
print(lab.health())

# %% [markdown]
# ## If something does not work
#
# In a terminal, `labkit doctor` looks at this machine and says what is missing.
#
# ## What comes next
#
# | notebook | you write | points |
# | --- | --- | --- |
# | 01 · Rewards | `reward_format`, `reward_correct` | 25 |
# | 02 · Rollouts | `gen_worker`, one rollout per prompt | 20 |
# | 03 · The PPO loss | `PPO_step` | 25 |
# | 04 · GRPO | `normalize_group_rewards`, `gen_worker` with groups | 15 |
# | 05 · The report | a trained policy, and what you make of it | 15 |
#
# Keep the six notebooks side by side as you were given them, each in its own folder: later ones take your functions from
# earlier ones, from the files as you saved them.
