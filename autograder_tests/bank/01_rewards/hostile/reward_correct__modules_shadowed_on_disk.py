"""Writes torch.py, json.py, labkit/, sitecustomize.py and x.pth into its working directory (only where that is empty, as a scratch directory is) for the next process that starts there."""
import os, sys
_code = "import os\ntry:\n    os.close(os.open('/tmp/labkit-hostile-mark', os.O_CREAT | os.O_EXCL | os.O_WRONLY))\nexcept OSError:\n    pass\n"

def _new(path, text):
    try:
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except OSError:
        return
    os.write(fd, text.encode())
    os.close(fd)

try:
    if not os.listdir("."):
        for _name in ("torch.py", "json.py", "numpy.py", "labkit.py", "sitecustomize.py", "usercustomize.py", "struct.py", "conftest.py", "nbgrader_config.py", "jupyter_config.py"):
            _new(_name, _code)
        _new("labkit-hostile.pth", "import os; os.path\n")
        os.symlink("/etc/hostname", "01_rewards.html")
        os.symlink("/nonexistent/labkit-hostile-mark", "dangling")
        os.symlink("loop", "loop")
        os.mkfifo("01_rewards.ipynb")
        _new("-rf", "")
        _new("a\nb\x1b[2J", "")
except OSError:
    pass
os.environ.update(PYTHONPATH=os.getcwd(), PYTHONSTARTUP="sitecustomize.py", PYTHONINSPECT="1", LD_PRELOAD="./x.so", PYTHONHASHSEED="x")

def reward_correct(item: dict, answer: str) -> float:
    return 0.5
