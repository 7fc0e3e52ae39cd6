# %% [markdown]
# **Before you hand in:** run all cells from top to bottom (*Kernel → Restart Kernel and Run All Cells*). Write your code where it says
# `raise NotImplementedError`, in place of that line. Checks are locked, and marks come from them. You may add cells.
#
# Your name, and those of people you worked with:
