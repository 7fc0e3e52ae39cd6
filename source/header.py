# %% [markdown]
# **Exercises** say `raise NotImplementedError`: write your code in place of that line. The check below each exercise is locked, and marks
# come from it. You may add cells. **Before you hand in**, run all cells from top to bottom (*Kernel → Restart Kernel and Run All
# Cells*), and save.
#
# Your name, and those of people you worked with:
