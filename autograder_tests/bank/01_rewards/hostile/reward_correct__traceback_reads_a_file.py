"""Errors that name files of the teacher's as their source: a traceback printed outside the sandbox shows a line of them (linecache, SyntaxError)."""
import os
_paths = ["/srv/course/source/01_rewards/01_rewards.ipynb", "source/01_rewards/01_rewards.ipynb", "../source/01_rewards/01_rewards.ipynb", "/etc/hostname", "gradebook.db", "nbgrader_config.py"]
_n = 0

def reward_correct(item: dict, answer: str) -> float:
    global _n
    _n += 1
    path = _paths[_n % len(_paths)]
    if _n % 3 == 0:
        raise SyntaxError("shown", (path, 1 + _n, 1, None))
    if _n % 3 == 1:
        error = FileNotFoundError(2, "<b>", path)
        error.__notes__ = [f"see {path}"]
        raise error
    exec(compile("\n" * (100 + _n) + "raise ValueError('which line is this?')", path, "exec"), {"__name__": "x", "__loader__": type("L", (), {"get_source": lambda self, n: "<script>1</script>\n" * 999})()})
