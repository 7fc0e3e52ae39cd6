# %% [markdown]
# # 02 · Rollouts
#
# **You learn** what a training batch is made of: how completions are sampled, what the log-probability of a token is and at
# which position it stands, and why masks come from lengths.
# **Left out:** how vLLM is fast (continuous batching, paged attention), and how weights travel to it.
# **Takes** about 90 minutes, 20 points.

# %%
from labkit import answers, plots
from labkit.checks import check
from labkit.functions import earlier
from labkit.lab import Lab

# %% [markdown]
# ## One rollout, token by token
#
# The policy $\pi_\theta$ writes a completion $y$ one token at a time. With the prompt $x$, the log-probability of token
# $y_t$ of the completion ($t = 1, 2, \dots$) is
#
# $$\log \pi_\theta(y_t \mid x, y_1, \dots, y_{t-1})$$
#
# in **nats** (natural logarithm): $0$ means certain, $-0.69$ one chance in two, $-2.3$ one in ten.
#
# The model sees neither text nor words but **token ids**. A `Rollout` holds both:
#
# | field | what it is |
# | --- | --- |
# | `prompt` | the question as text |
# | `prompt_ids` | the prompt's token ids, with all that stands around the question (the instruction, marks of who speaks); there are `plen` of them |
# | `completion_ids` | the sampled token ids, the end-of-sequence token included |
# | `token_ids` | both, one after the other |
# | `completion` | the completion as text, without special tokens: what rewards read |
# | `logps` | the log-probability of each completion token when it was sampled |
#
# Here is one, token by token:

# %%
sampled = answers.sample(1, seed=3)
rollout = sampled.rollouts[0][0]
tokens = [sampled.tokenizer.decode([i]) for i in rollout.completion_ids]
plots.show(plots.token_heatmap(tokens, rollout.logps, title=rollout.prompt, unit="log-prob (nats)"))
print(f"plen {len(rollout.prompt_ids)}, completion tokens {len(rollout.completion_ids)}, text: {rollout.completion}")


# %% [markdown]
# Most tokens were nearly certain. What the policy really decides is a handful of tokens: how to begin, and which digits.
#
# The last one is the end-of-sequence token. The policy *chose* to stop there, so it is trained like any other token, also where
# it is the only one, and `completion` is empty. In many
# models the same token also serves as padding. Whoever builds a mask as `ids != pad` then masks away the decision to stop,
# and the policy never learns to end. **Masks come from lengths.** (You send lists without any padding; the lab pads them and
# makes the masks.)
#
# ## Scoring again
#
# The trainer compares its policy with the one that sampled, so each completion token needs `gen_logps`: its log-probability
# under the *generating* policy. vLLM returns them while it samples. Many published scripts compute them in a second pass
# instead, by **re-scoring**: the whole sequence is handed to vLLM as if it were a prompt, and vLLM returns its
# `prompt_logprobs`. You do the same here. At the end you compare the two.
#
# `worker.score([ids_1, ids_2, ...])` returns one list per sequence, with one entry per token:
#
# * entry 0 is `None`: nothing stands before the first token, so nothing predicts it;
# * entry $k$ belongs to position $k$ of the sequence. It is a dictionary from token id to log-probability. It holds **the
#   sequence's own token, and it may hold others as well**: vLLM likes to add the likeliest one. The first value of the
#   dictionary is not always yours.
#
# A small example. A prompt of `plen = 3` tokens `[5, 8, 2]` and a completion of two, `[7, 1]`, where `1` is the end token:
#
# ```
# position k         0      1           2           3                      4
# token_ids          5      8           2           7                      1
# prompt_logprobs    None   {8: -4.1}   {2: -0.3}   {9: -0.4, 7: -1.2}     {1: -0.1}
# ```
#
# The completion's tokens $y_1, y_2$ stand at positions 3 and 4, that is from `plen` on. So `gen_logps` is `[-1.2, -0.1]`. Begin one
# position too early and you get the prompt's $-0.3$; take the first value and you get $-0.4$; stop too early and the end
# token is lost.
#
# Completions are *not* decoded to text and encoded again on the way: `7` and `1` as text may come back as other tokens.
#
# ## Exercise 3: `gen_worker` (20 points, about 45 minutes)
#
# The rollout worker's process calls `gen_worker(worker)` once; it loops until the training is over. One turn of the loop
# makes one batch. For PPO there is **one rollout per prompt**.
#
# | helper | what it does |
# | --- | --- |
# | `worker.running()` | `False` once the training is over; your loop ends then |
# | `worker.update_policy()` | takes over the newest weights; without it the worker would sample from the untrained policy for ever |
# | `worker.sample_problems()` | the next problems: a list of `{"Q": ..., "A": ...}`, one or more; a problem may come again, even in the same batch |
# | `worker.generate(prompts, n=1)` | `n` rollouts for each question (`"Q"`) of the list `prompts`: `rollouts[i][j]` is the j-th of question i |
# | `worker.score(token_ids)` | re-scores a flat list of sequences (each a `rollout.token_ids`), as above |
# | `worker.upload(items, rollouts, rewards, gen_logps)` | sends the batch |
#
# In each turn: update the policy; get problems; generate one rollout for each; compute the reward of each rollout,
# `reward_format + reward_correct`; re-score; upload. Call your functions of notebook 01 by their names, and do not mind that they
# are not here yet: the check brings some of its own, and the live cells below load yours.
#
# `upload` takes nested lists, all nested alike. With 3 problems and one rollout each:
#
# ```python
# items      # [item0, item1, item2]
# rollouts   # [[r0], [r1], [r2]]                     as generate returns them
# rewards    # [[2.25], [0.25], [-2.0]]
# gen_logps  # [[[-0.1, -1.2, ...]], [[...]], [[...]]]  one number per completion token of each rollout
# ```
#
# The loop earns points once the rewards or the `gen_logps` that it uploads are right.

# %% nbgrader={"grade": false, "grade_id": "gen_worker", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gen_worker(worker) -> None:
    """PPO's rollout loop: one rollout per prompt, rewarded, re-scored and uploaded, until the training is over."""
    ### BEGIN SOLUTION
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)

        rewards = [
            [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
            for item, group in zip(items, rollouts, strict=True)
        ]
        # One row of prompt_logprobs per rollout; what stands before the completion is prompt.
        rescored = iter(worker.score([r.token_ids for group in rollouts for r in group]))
        gen_logps = [
            [
                [entry[token] for entry, token in zip(row[len(r.prompt_ids) :], r.completion_ids, strict=True)]
                for r, row in zip(group, rescored, strict=False)
            ]
            for group in rollouts
        ]
        worker.upload(items, rollouts, rewards, gen_logps)
    ### END SOLUTION


# %% [markdown]
# The check runs your loop for seven batches on a recorded policy. The rewards are scripted there: the numbers in the row
# "rewards uploaded" are not $2.25$ or $-2$.

# %% nbgrader={"grade": true, "grade_id": "gen_worker_check", "locked": true, "points": 20, "schema_version": 3, "solution": false, "task": false}
verdict = check(gen_worker, algorithm="ppo")
### BEGIN HIDDEN TESTS
from autograder_tests import hidden
verdict = hidden.check(gen_worker, algorithm="ppo")
### END HIDDEN TESTS
verdict.points(20)

# %% [markdown]
# ## Live: a batch travels to the reference server and back
#
# Now for real. The reference server is started alone; this notebook takes the place of the two other processes. First your
# rewards, from the notebook 01 that lies beside this one:

# %% tags=["live", "skip-execution"]
reward_format, reward_correct = earlier("reward_format", "reward_correct")
lab = Lab("tiny", globals(), algorithm="ppo", processes=["ref_server"])
lab.start()
print(lab.health())

# %% [markdown]
# `lab.worker()` is a rollout worker in this kernel, whose `running()` says `False` after one upload. Your `gen_worker` sends
# it a batch; then we ask the server for it, as the trainer would:

# %% tags=["live", "skip-execution"]
gen_worker(lab.worker(batches=1))
batch = lab.get()
for name in ("inputs", "rewards", "gen_logps", "refs", "completion_mask", "attention_mask"):
    print(f"{name:16} {tuple(batch[name].shape)}   {batch[name].dtype}")
print(f'plen {batch["plen"]}: B = {len(batch["inputs"])} rollouts, C = {batch["refs"].shape[1]} completion positions')

# %% [markdown]
# What you sent came back as a dictionary of tensors, with one thing added: `refs`, the log-probability of every completion token under the
# reference. Prompts differ in length, so they are padded on the left, to the same `plen`; completions are padded on the
# right. The masks say what is real. This model has a token of its own for padding. Many have not, and take the end token
# (`pad == eos`). If this one did, and masks were made as `inputs != pad`, each completion that ended by itself would lose its
# last token:

# %% tags=["live", "skip-execution"]
end = sampled.tokenizer.eos_token_id
completions = batch["inputs"][:, batch["plen"]:].masked_fill(batch["completion_mask"] == 0, end)
by_length = int(batch["completion_mask"].sum())
by_id = int((completions != end).sum())
print(f"completion tokens: {by_length} by lengths, {by_id} by ids != pad; {by_length - by_id} end tokens would be lost")

# %% [markdown]
# ## Sampled, re-scored, reference
#
# Nothing has been trained yet: policy and reference are the same model. So three columns should agree: the log-probability
# when the token was sampled, your re-scored `gen_logps`, and `refs` from another process.

# %% tags=["live", "skip-execution"]
again = lab.worker().generate([sampled.items[0]["Q"]], n=1)[0][0]
row = lab.worker().score([again.token_ids])[0][len(again.prompt_ids):]
print("   token   sampled  re-scored")
for token, entry, logp in zip(again.completion_ids, row, again.logps):
    print(f"{sampled.tokenizer.decode([token])!r:>12} {logp:8.4f} {entry[token]:8.4f}")
gap = ((batch["refs"] - batch["gen_logps"]).abs() * batch["completion_mask"]).max()
print(f"largest |refs - gen_logps| in your batch: {gap:.1e} nats")
lab.stop()

# %% [markdown]
# They agree up to rounding. So re-scoring costs a second pass through the model and tells nothing new, as long as the same program
# samples and re-scores, and samples from the model's probabilities as they are (temperature 1). In notebook 04 you will save
# it. It is still worth knowing: where two programs compute in different precision, this is how you find out by how much they
# differ.
#
# ## What comes next
#
# A batch holds everything that a loss needs: tokens, rewards, and two sets of log-probabilities. In **03 · The PPO loss** you
# write the loss that trains the policy with it, and watch it train.
