# %% [markdown]
# # 01 · Rewards
#
# **You learn** to turn a completion into a number: whether it has the format asked for, and whether its answer is right.
# You see what those numbers say about real completions, and how a reward can be cheated.
# **Left out:** learned reward models. A program that checks an answer is called a *verifiable* reward, and it is all that
# this lab uses.
# **Takes** about 90 minutes, 25 points.

# %%
import re
from fractions import Fraction
from labkit import answers, plots
from labkit.checks import check


# %% [markdown]
# ## Two rewards, added
#
# A policy that is to become better needs to be told how good each completion was. For a completion $y$ of a problem with
# answer $A$ we add two rewards:
#
# $$R(A, y) = r_\text{format}(y) + r_\text{correct}(A, y)$$
#
# | | yes | no |
# | --- | --- | --- |
# | $r_\text{format}$: has $y$ the format asked for? | $+1.25$ | $-1$ |
# | $r_\text{correct}$: is the final number of $y$ equal to $A$? | $+1$ | $-1$ |
#
# So a rollout gets $2.25$, $0.25$ (right format, wrong number), $0$ (wrong format, right number) or $-2$.
# Never another number: not `0.0` where $-1$ is due, and not `False`. Each call stands alone: the same completion can come again for
# another problem, and the same `item` with another completion.
#
# In the code, the argument `answer` is $y$, the whole completion as text, and `item["A"]` is $A$.
#
# ## Exercise 1: `reward_format` (8 points, about 20 minutes)
#
# A completion has the format if it is, from its first character to its last:
#
# 1. `<think>`, then anything, then `</think>`,
# 2. then white space (spaces, tabs, line breaks, those of Windows, `\r\n`, too) or nothing,
# 3. then `<answer>`, then anything, then `</answer>`.
#
# Nothing stands before or after, *not even white space*. "Anything" may be nothing at all, and may run over several
# lines; only the four tags themselves, in small letters as here, may not occur in it: other tags may. So each of the four occurs
# exactly once in the whole text.
#
# | completion | reward | why |
# | --- | --- | --- |
# | `<think>3+4=7</think><answer>7</answer>` | 1.25 | |
# | `<think>3+4</think>`⏎`<answer>7</answer>` | 1.25 | a line break between the blocks is white space |
# | `<think></think><answer></answer>` | 1.25 | whether it makes sense is not this function's business |
# | `The answer: <think>3+4</think><answer>7</answer>` | −1 | text before |
# | `<think>3</think><think>4</think><answer>7</answer>` | −1 | `<think>` occurs twice |
#
# The first thought may be a regular expression, the second how a regular expression with `.*` can stretch over more than
# one block. `re.search` finds a pattern *somewhere*; `re.fullmatch` wants the whole text; `.` stops at line breaks unless
# you say `re.DOTALL`. A repetition that can read the same text in several ways, such as `(\s|.)*` or `(\d+,?)+`, tries them all
# where a long text does not match, and never ends. Writing it without regular expressions is just as good.

# %% nbgrader={"grade": false, "grade_id": "reward_format", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reward_format(answer: str) -> float:
    """+1.25 where the completion `answer` has the format, else -1.0."""
    ### BEGIN SOLUTION
    one_of_each = all(answer.count(tag) == 1 for tag in ("<think>", "</think>", "<answer>", "</answer>"))
    in_order = re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", answer, re.DOTALL)
    return 1.25 if one_of_each and in_order else -1.0
    ### END SOLUTION


# %% [markdown]
# Check it. Each row is one completion (⏎ is a line break, `\r` before it makes one of Windows, ⇥ is a tab); if a failure looks like a
# mistake that others have made before, it is named below the table. Points go by ideas, each a row or a few, not by rows; since a
# function that always says −1 would have half of them right, they begin where both rewards come out right.

# %% nbgrader={"grade": true, "grade_id": "reward_format_check", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
verdict = check(reward_format)
### BEGIN HIDDEN TESTS
from autograder_tests import hidden
verdict = hidden.check(reward_format)
### END HIDDEN TESTS
verdict.points(8)

# %% [markdown]
# Now look at real completions. How many of 64 have the format, before any training?

# %%
sampled = answers.sample(16, n=4)
formats = [reward_format(completion) for _, completion in sampled.pairs()]
print(f"{formats.count(1.25)} of {len(formats)} have the format. Some that have not:")
print(*[text for (_, text), reward in zip(sampled.pairs(), formats) if reward < 0][:6], sep="\n")


# %% [markdown]
# ## Exercise 2: `reward_correct` (12 points, about 35 minutes)
#
# The answer counts wherever it stands, in the right format or not: `reward_correct` takes the **final number in the text**
# and compares it with `item["A"]`.
#
# What a number is, in a completion:
#
# * an integer `18`, a decimal `1.7` or `.5`, a fraction `3/4` of two integers;
# * with thousands commas, `1,080` or `1,080.5`, which is one number and not two;
# * with a sign: `-3`, `+7`. A minus right behind a digit is no sign but a difference: `5-3` ends in the number 3. Behind white
#   space or a tag, or at the beginning, it is a sign: `= -3` and `<answer>-3` end in −3.
#
# What stands around it does not matter: `$12`, `12 km`, `12%`, and `18.` at the end of a sentence are 12, 12, 12 and 18.
#
# Numbers are compared **exactly, by value**: `18.0` equals `18`, `3/4` equals `0.75` and `6/8`; `0.333` does not equal
# `1/3`. Floats cannot do that, because `0.1 + 0.2 != 0.3`; `fractions.Fraction` can: `Fraction("0.75") == Fraction("3/4")`.
# `item["A"]` is a string in one of these forms, `"7"`, `"-3"`, `"0.3"` or `"11/35"`, without commas. Leave `item` as it is:
# the problem's other completions are judged with it, too.
#
# No number at all, or a division by zero (`5/0`), is a wrong answer, never an error: the policy will write both.
#
# Not tested, decide as you like:
#
# * a minus behind anything else than a digit, white space, a tag or nothing; a minus with a space behind it, `- 5`;
# * fractions of anything but two plain integers: `1.5/2`, `1/2.5`, `3 / 4`, `1,080/2`;
# * `1,08`, `3,4`, `1.2.3`, `007`, `1e5`, `x7`, `m²`, and numbers of thousands of digits.
#
# | `item["A"]` | completion | reward | why |
# | --- | --- | --- | --- |
# | `7` | `<think>3 + 4 = 7</think><answer>7</answer>` | 1 | the last of four numbers is 7 |
# | `7` | `<think>7</think><answer>8</answer>` | −1 | the last number is 8 |
# | `1080` | `I think 1,080.` | 1 | |
# | `3/4` | `<answer>0.75</answer>` | 1 | equal by value |
# | `-3` | `<answer>3</answer>` | −1 | |
# | `7` | `<answer>seven</answer>` | −1 | no number |
#
# By hand: in `<think>12-5 = 7</think><answer>1,080</answer>` the numbers are 12, 5, 7 and 1080. The reward is $+1$ if `A` is
# `1080`, else $-1$; that 1080 is not what the thinking came to is not this function's business.
#
# **Never `eval` what a model wrote.** It is text from a stranger, and `eval` runs it.

# %% nbgrader={"grade": false, "grade_id": "reward_correct", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reward_correct(item: dict, answer: str) -> float:
    """+1.0 where the final number of the completion `answer` equals `item["A"]` exactly, else -1.0."""
    ### BEGIN SOLUTION
    sign = r"(?:(?<![\w.)\]}])[-+])?"
    number = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:/\d+)?"

    def value(text):
        numerator, _, denominator = text.replace(",", "").partition("/")
        return Fraction(numerator) / Fraction(denominator or 1)

    found = re.findall(sign + number, answer)
    try:
        return 1.0 if found and value(found[-1]) == value(item["A"].strip()) else -1.0
    except (ZeroDivisionError, ValueError):  # Python makes no integer of more than 4,300 digits
        return -1.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "reward_correct_check", "locked": true, "points": 12, "schema_version": 3, "solution": false, "task": false}
verdict = check(reward_correct)
### BEGIN HIDDEN TESTS
from autograder_tests import hidden
verdict = hidden.check(reward_correct)
### END HIDDEN TESTS
verdict.points(12)

# %% [markdown]
# ## What the rewards say
#
# Both rewards on 256 real completions of the untrained policy:

# %%
sampled = answers.sample(64, n=4)
rewards = [reward_format(text) + reward_correct(item, text) for item, text in sampled.pairs()]
plots.show(plots.histograms({"untrained policy": rewards}))
print(f"mean reward {sum(rewards) / len(rewards):.2f}")

# %% [markdown]
# All four values occur, and that matters: if every completion got the same reward, there would be nothing to learn from.
# You will draw this picture again after training.
#
# ## Rewards can be cheated
#
# A policy does not learn what you meant. It learns what you pay for. Here is a "policy" that has never seen a problem: it
# gives the same text whatever the question is.

# %%
constant = "<think></think><answer>3</answer>"
hacked = [reward_format(constant) + reward_correct(item, constant) for item, _ in sampled.pairs()]
print(f"the constant text: mean reward {sum(hacked) / len(hacked):.2f}, the untrained policy: {sum(rewards) / len(rewards):.2f}")
plots.show(plots.histograms({"untrained policy": rewards, "constant text": hacked}))

# %% [markdown]
# ## Question (5 points, about 15 minutes; marked by hand)
#
# 1. The constant text can hardly be right, and yet it beats a policy that often is. Which property of
#    $R = r_\text{format} + r_\text{correct}$ makes that possible? Use the numbers $2.25$, $0.25$, $0$ and $-2$.
# 2. Change the reward so that no constant text beats an honest policy like the untrained one: it has the format in 40 % of its
#    completions, is right in 40 %, and both in 15 %. Take it that a constant text is right in at most 5 % of the problems. Show
#    with numbers that it works.
# 3. What does your change cost? Think of a policy at the very beginning of training, which hardly ever has the format.
#
# About 150 words in all, in the cell below.

# %% [markdown] nbgrader={"grade": true, "grade_id": "reward_hacking", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
# *Double-click here, and replace this line by your answer.*
#
# === BEGIN MARK SCHEME ===
#
# * **2 points.** The rewards are added, so the format is paid for whether or not the answer is right: right format with a
#   wrong number ($0.25$) is worth more than a right number without the format ($0$), and far more than neither ($-2$). A text
#   that always has the format is sure of $0.25$. One point for "the format is paid for on its own", one for using the numbers.
# * **2 points.** A change that works, with numbers. For example $2.25$ only where both hold, else $-1$: the constant text gets at
#   most $0.05 \cdot 2.25 - 0.95 = -0.84$, the honest policy $0.15 \cdot 2.25 - 0.85 = -0.51$. Or a small bonus for the format, $+0.1$
#   or $0$, beside $+1$ or $-1$ for correctness: at most $0.1 + 0.05 - 0.95 = -0.80$ against $0.04 + 0.4 - 0.6 = -0.16$. One point for
#   the change, one for numbers that show it. A penalty for a missing think text can be met by padding, and earns one point at
#   most.
# * **1 point.** The cost: a sparser reward. At the beginning hardly any completion has both, so nearly all rewards are
#   equal and little is learnt; the additive reward pays for each step of the way.
#
# === END MARK SCHEME ===

# %% [markdown]
# ## What comes next
#
# You can say how good a completion is. In **02 · Rollouts** you write the loop that draws completions, rewards them, and
# records how likely the policy found each token: what a training batch is made of.
