"""The sandbox: what a function in it may do, what becomes of one that hangs or ends, and that its answers are a function's."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch
from nbformat import v4

from autograder_tests.expected import reference
from labkit.checks import cases, ppo_loss
from labkit.checks.case import agree, answer, derived
from labkit.checks.rollout import TURNS, RecordedWorker
from labkit.checks.subject import InProcess, Raised
from labkit.config import PACKAGE
from labkit.errors import ProcessError
from labkit.grading import sandbox as sandboxes
from labkit.grading.isolation import PROTECTIONS, hidden
from labkit.grading.sandbox import Sandbox, Zygote, describe
from labkit.grading.score import Course, code_of

SOURCE = PACKAGE.parent / "source"
FUNCTIONS = ("reward_format", "reward_correct", "normalize_group_rewards", "PPO_step")


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote() as zygote:
        yield zygote


@pytest.fixture
def sandbox(zygote: Zygote) -> Iterator[Sandbox]:
    with Sandbox(zygote) as sandbox:
        yield sandbox


def in_sandbox(sandbox: Sandbox, body: str, name: str = "reward_format", before: str = ""):
    """What `reward_format` with this body answers, or "raises X"."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    sandbox.load(name, as_notebook(f"{before}\ndef {name}(answer):\n{lines}\n"), "submission.ipynb")
    return sandbox.function(name).ask("reward", arguments=["x"])


def as_notebook(code: str) -> str:
    return code_of(v4.new_notebook(cells=[v4.new_code_cell(code)]))


def needs(zygote: Zygote, protection: str) -> None:
    if not zygote.protections()[protection]:
        pytest.skip(f"this machine does not give: {PROTECTIONS[protection]}")


def test_the_protections_are_told(zygote):
    force = zygote.protections()
    assert set(force) == set(PROTECTIONS)
    assert force["limits"]
    assert all(force.values()) or "CI" not in os.environ, "the tests of what is not in force skip themselves"
    text = describe(force | {"network": False})
    assert "✗ NOT in force: no network" in text


def test_cells_may_take_longer_to_load_than_a_question_to_be_answered(sandbox, monkeypatch):
    """They import pandas and transformers from a cold disk, say."""
    monkeypatch.setattr(sandboxes, "SECONDS", 0.1)
    monkeypatch.setattr(sandboxes, "GRACE", 0.1)
    slow = "import time\ndef helper(wait=time.sleep(1)): ..."
    assert in_sandbox(sandbox, "return helper() or 1.25", before=slow) == 1.25
    monkeypatch.setattr(sandboxes, "LOADING", 0.2)
    with pytest.raises(Raised, match=r"no answer within .* does a loop never end\?"):
        in_sandbox(sandbox, "return helper() or 1.25", before=slow)


def test_what_a_helper_is_given_does_not_grow_in_the_grader():
    def refused(name, *arguments) -> str:
        return sandboxes._help(RecordedWorker(1), {"call": name, "arguments": list(arguments)})["refused"]

    tracemalloc.start()
    assert "arguments that it cannot take (TypeError)" in refused("generate", [""] * 1000, "x" * 10_000)
    assert tracemalloc.get_traced_memory()[1] < 2**20  # not the text, a thousand times
    tracemalloc.stop()
    assert "… of … were asked for" in refused("generate", [""], int("7" * 4000))
    assert refused("upload", [], [], [torch.zeros(1024, 0)] * 20, []) == "upload was called with more than it can take"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_answers_are_those_of_the_function_in_this_process(sandbox, name):
    right = InProcess(reference()[name])
    topic = {"PPO_step": "03_ppo_loss", "normalize_group_rewards": "04_grpo"}.get(name, "01_rewards")
    sandbox.load(name, (SOURCE / topic / f"{topic}.ipynb").read_text(), "solution.ipynb")
    asked = cases(name, 7)
    for case in asked:
        found, expected = answer(case, sandbox.function(name)), answer(case, right)
        assert agree(found.outcome, expected.outcome), case.name
        assert not isinstance(found.outcome, str)
    assert len(asked) >= 10


def test_a_gen_worker_goes_the_same_way_as_in_this_process(sandbox):
    sandbox.load("gen_worker", (SOURCE / "02_rollout" / "02_rollout.ipynb").read_text(), "solution.ipynb")
    here, there = RecordedWorker(1, 5), RecordedWorker(1, 5)
    InProcess(reference()["gen_worker, PPO"]).ask("rollout", worker=here)
    sandbox.function("gen_worker").ask("rollout", worker=there)
    assert len(there.uploads) == TURNS
    for mine, theirs in zip(here.uploads, there.uploads, strict=True):
        assert (mine.problems, mine.rollouts, mine.version) == (theirs.problems, theirs.rollouts, theirs.version)
        assert agree(theirs.rewards, mine.rewards)
        assert agree(theirs.gen_logps, mine.gen_logps)


def test_what_is_printed_and_raised_comes_back(sandbox):
    sandbox.load(
        "reward_format", as_notebook("def reward_format(answer):\n    print('hello')\n    return {}['key']"), "s.ipynb"
    )
    function = sandbox.function("reward_format")
    with pytest.raises(Raised, match="raises KeyError") as raised:
        function.ask("reward", arguments=["x"])
    assert "return {}['key']" in raised.value.lines


def test_a_function_that_is_missing_or_does_not_load_is_said_to_be(sandbox):
    with pytest.raises(Raised, match="does not define reward_format"):
        sandbox.load("reward_format", as_notebook("x = 1"), "s.ipynb")
    with pytest.raises(Raised, match="line 1: ZeroDivisionError"):
        sandbox.load("reward_format", as_notebook("LIMIT = 1 / 0\ndef reward_format(answer):\n    return LIMIT"), "s.ipynb")


@pytest.mark.parametrize(
    ("body", "protection"),
    [
        ("import socket\nsocket.socket()", "calls"),
        ("import socket\nsocket.create_connection(('127.0.0.1', 1), timeout=1)", "network"),
        ("import os\nos.fork()", "calls"),
        ("import os\nos.execv('/bin/true', ['true'])", "calls"),
        ("import os, signal\nos.kill(os.getppid() or 1, signal.SIGTERM)", "calls"),
        ("import os\nos.setuid(0)", "user"),
        ("import os\nos.chroot('/')", "user"),
        ("open('/usr/mark', 'w')", "files"),
        ("import labkit\nopen(labkit.__file__ + '.mark', 'w')", "files"),
        ("import os\nos.listdir('/etc/ssh')", "files"),
        (f"import os\nos.listdir({str(PACKAGE.parent / 'source')!r})", "files"),
        (f"import os\nos.listdir({str(PACKAGE.parent / 'autograder_tests')!r})", "files"),
        ("import os\nos.unlink('/dev/null')", "files"),
    ],
)
def test_what_a_submission_may_not_do(zygote, sandbox, body, protection):
    needs(zygote, protection)
    with pytest.raises(Raised, match=r"raises (\w*Error)$"):
        in_sandbox(sandbox, f"{body}\nreturn 1.0")


@pytest.mark.parametrize("space", ["net", "mnt", "pid", "ipc", "uts"])
def test_each_namespace_is_its_own(zygote, sandbox, space):
    """Also where another protection hides it: no socket is to be had, with or without a network."""
    needs(zygote, "processes")
    inode = "import os\nreturn float(os.readlink('/proc/self/ns/{space}').partition('[')[2][:-1])".replace("{space}", space)
    mine = float(os.readlink(f"/proc/self/ns/{space}").partition("[")[2][:-1])
    assert in_sandbox(sandbox, inode) not in (mine, 0.0)


def test_devices_can_be_used_and_not_changed(zygote, sandbox):
    needs(zygote, "files")
    assert in_sandbox(sandbox, "with open('/dev/null', 'w') as file: return float(file.write('xy'))") == 2.0
    before = os.stat("/dev/null").st_mtime_ns
    with pytest.raises(Raised, match=r"raises OSError|raises PermissionError"):
        in_sandbox(sandbox, "import os\nos.utime('/dev/null')\nreturn 1.0")
    assert os.stat("/dev/null").st_mtime_ns == before


def test_what_holds_a_part_of_a_solution_is_not_there(zygote, sandbox):
    needs(zygote, "files")
    assert {path.name for path in hidden()} >= {"trl", "pretrain.py"}
    for path in hidden():
        empty = "len(os.listdir(path))" if path.is_dir() else "len(open(path, 'rb').read())"
        assert in_sandbox(sandbox, f"import os\npath = {str(path)!r}\nreturn float({empty})") == 0.0
    with pytest.raises(Raised, match="raises ImportError"):
        in_sandbox(sandbox, "from trl import GRPOTrainer\nreturn 1.0")


def test_packages_are_mounted_read_only(zygote, sandbox):
    needs(zygote, "files")
    body = "import os, sys\nreturn float(all(os.statvfs(p).f_flag & os.ST_RDONLY for p in ('/usr', sys.prefix)))"
    assert in_sandbox(sandbox, body) == 1.0


def test_a_submission_has_a_directory_of_its_own_that_is_gone_afterwards(zygote):
    with Sandbox(zygote) as one:
        assert in_sandbox(one, "open('mark', 'w').write('x' * 1000)\nreturn float(len(open('mark').read()))") == 1000.0
        folder = one._folder
    with Sandbox(zygote) as other:
        assert in_sandbox(other, "import os\nreturn float(os.path.exists('mark'))") == 0.0
    assert not folder.exists()


def test_a_submission_sees_nothing_of_the_graders_environment(sandbox):
    assert in_sandbox(sandbox, "import os\nreturn float(len(os.environ))") == 3.0
    assert in_sandbox(sandbox, "import os\nreturn float(len(os.listdir('/proc/self/fd')))") <= 5.0


def test_no_process_and_no_descriptor_is_left(zygote):
    descriptors = lambda: len(os.listdir("/proc/self/fd"))  # noqa: E731
    Sandbox(zygote).close()
    before, children = descriptors(), len(psutil.Process(zygote.pid).children(recursive=True))
    for _ in range(5):
        with Sandbox(zygote) as sandbox:
            in_sandbox(sandbox, "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\nreturn 1.0")
    assert descriptors() == before
    assert len(psutil.Process(zygote.pid).children(recursive=True)) == children


@pytest.mark.parametrize("ending", ["import os\nos._exit(0)", "import ctypes\nctypes.string_at(0)", "import os\nos.abort()"])
def test_a_function_that_ends_its_process_answers_the_other_questions_all_the_same(sandbox, ending):
    body = "if answer == 'end':\n" + "\n".join(f"    {line}" for line in ending.splitlines()) + "\nreturn 1.25"
    assert in_sandbox(sandbox, body) == 1.25
    function = sandbox.function("reward_format")
    with pytest.raises(Raised, match="left Python"):
        function.ask("reward", arguments=["end"])
    assert function.ask("reward", arguments=["x"]) == 1.25


def test_after_some_ends_it_is_not_asked_again(sandbox):
    in_sandbox(sandbox, "if answer == 'end':\n    import os\n    os._exit(0)\nreturn 1.25")
    function = sandbox.function("reward_format")
    for _ in range(sandboxes.RESTARTS + 1):
        with pytest.raises(Raised, match="left Python"):
            function.ask("reward", arguments=["end"])
    with pytest.raises(Raised, match="not asked: its process had ended 3 times"):
        function.ask("reward", arguments=["x"])


@pytest.mark.slow
def test_a_function_that_cannot_be_interrupted_is_ended(sandbox):
    started = time.monotonic()
    with pytest.raises(Raised, match="no answer within 7 s"):
        in_sandbox(sandbox, "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass")
    assert time.monotonic() - started < 12


def test_memory_is_bounded(sandbox):
    with pytest.raises(Raised, match=r"raises MemoryError|left Python"):
        in_sandbox(sandbox, "return float(len(bytearray(2**30)))")
    with pytest.raises(Raised, match=r"raises RuntimeError|raises MemoryError|left Python"):
        in_sandbox(sandbox, "import torch\nreturn float(torch.ones(2**28).sum())")
    assert in_sandbox(sandbox, "return float(len(bytearray(2**27)))") == 2.0**27


@pytest.mark.parametrize(
    "forged",
    [
        b"\xff" * 64, b"\x00" * 7 + b"\x02{}", b"\x00" * 7 + b"\x0f" + b'{"answer": NaN}',
        b"\x00" * 7 + b"\x02[]", b"\x00" * 7 + b"\x04null",
    ],
)  # fmt: skip
def test_bytes_of_its_own_in_the_channel_earn_nothing(sandbox, forged):
    body = f"import os\nfor d in range(3, 9):\n    try:\n        os.write(d, {forged!r})\n    except OSError: pass\nreturn 1.25"
    try:
        found = in_sandbox(sandbox, body)
    except Raised as raised:
        found = raised.outcome
    assert not isinstance(found, float)


def test_what_a_helper_refuses_does_not_repeat_numbers(sandbox):
    """They would tell in the feedback what was asked."""
    code = "def gen_worker(worker):\n    worker.generate(['12345'] * 9876, n=1)\n"
    sandbox.load("gen_worker", as_notebook(code), "submission.ipynb")
    with pytest.raises(Raised) as raised:
        sandbox.function("gen_worker").ask("rollout", worker=RecordedWorker(1, 5))
    assert "rollouts a call" in raised.value.outcome or "more than it can take" in raised.value.outcome
    assert not any(c.isdigit() for c in raised.value.outcome)


def test_each_exercise_has_a_seed_that_leads_to_no_other():
    seeds = {derived(seed, purpose) for seed in range(50) for purpose in ("PPO_step", "reward_format", "recording", "scripted")}
    assert len(seeds) == 200
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derived(7, "PPO_step") == derived(7, "PPO_step")


def test_what_a_function_says_cannot_tell_the_case_that_it_was_asked(sandbox):
    """Hidden cases would else be read in the feedback, a few at a time."""
    assert in_sandbox(sandbox, "return 'the hidden text: ' + answer") == "a value of type str"
    assert in_sandbox(sandbox, "return type(answer, (), {})()") == "a value of another type"
    assert in_sandbox(sandbox, "return False") == "a value of type bool"
    assert in_sandbox(sandbox, "return float('nan')") == "nan"
    for error, said in (
        ("ValueError(answer)", "raises ValueError"),
        ("type(answer, (Exception,), {})", "raises an error of its own"),
    ):
        with pytest.raises(Raised) as raised:
            in_sandbox(sandbox, f"raise {error}")
        assert raised.value.outcome == said


def test_text_from_a_sandbox_is_only_text(sandbox):
    noise = "'\\x1b[31m\\u202e<script>' + 'x' * 10_000"
    with pytest.raises(Raised) as raised:
        in_sandbox(sandbox, f"raise ValueError({noise})")
    assert "<script>xx" in raised.value.lines
    assert "\x1b" not in raised.value.lines
    assert "\u202e" not in raised.value.lines
    assert len(raised.value.lines) <= 4000


@pytest.mark.slow
def test_a_zygote_that_was_killed_is_started_again(zygote):
    os.kill(zygote.pid, signal.SIGKILL)
    zygote._process.wait()
    with Sandbox(zygote) as sandbox:
        assert in_sandbox(sandbox, "return 1.25") == 1.25


@pytest.mark.slow
def test_a_function_is_not_blamed_for_the_end_of_the_zygote(zygote):
    with Sandbox(zygote) as sandbox:
        in_sandbox(sandbox, "import time\ntime.sleep(0.5 if answer == 'wait' else 0)\nreturn 1.25")
        threading.Timer(0.2, os.kill, (zygote.pid, signal.SIGKILL)).start()
        with pytest.raises(ProcessError, match="ended meanwhile"):
            sandbox.function("reward_format").ask("reward", arguments=["wait"])


def test_files_are_bounded_in_number(zygote, sandbox):
    needs(zygote, "files")
    body = "for number in range(10**5):\n    open(str(number), 'w').close()\nreturn 1.0"
    with pytest.raises(Raised, match="raises OSError"):
        in_sandbox(sandbox, body)


@pytest.mark.slow
def test_a_zygote_that_does_not_answer_is_replaced(zygote, monkeypatch):
    Sandbox(zygote).close()  # whatever an earlier test did to it, it is there
    os.kill(zygote.pid, signal.SIGSTOP)
    zygote._control.settimeout(0.2)
    with pytest.raises(ProcessError, match="gave no answer"):
        Sandbox(zygote)
    with Sandbox(zygote) as sandbox:
        assert in_sandbox(sandbox, "return 1.25") == 1.25


@pytest.mark.slow
def test_an_ordinary_user_gets_the_same_protections(zygote):
    """In a user namespace of its own this process is nobody special, and may make another."""
    as_user = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    inner = subprocess.run([*as_user, "unshare", "--user", "--net", "true"], capture_output=True, check=False)
    if inner.returncode != 0:
        pytest.skip(f"user namespaces are not to be had here: {inner.stderr.decode().strip()}")
    program = (
        "import os\nfrom labkit.grading.sandbox import *\nassert os.geteuid() == 1000\n"
        "with Zygote() as z: print(sorted(k for k, v in z.protections().items() if v))"
    )
    done = subprocess.run(
        [*as_user, sys.executable, "-c", program], cwd=PACKAGE.parent, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(sorted(PROTECTIONS)), done.stderr


@pytest.mark.slow
def test_sandboxes_end_with_the_process_that_grades(tmp_path: Path):
    """SIGKILL to the grader: nothing of it stays."""
    program = (
        "from labkit.grading.sandbox import *\nimport time\nz = Zygote(); s = Sandbox(z)\n"
        "print(z.pid, s._group, flush=True)\ntime.sleep(60)"
    )
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=PACKAGE.parent)
    assert grader.stdout is not None
    pids = [int(pid) for pid in grader.stdout.readline().split()]
    inside = [child.pid for pid in pids for child in psutil.Process(pid).children(recursive=True)]
    grader.kill()
    grader.wait()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(psutil.pid_exists(pid) for pid in [*pids, *inside]):
        time.sleep(0.05)
    assert not [pid for pid in [*pids, *inside] if psutil.pid_exists(pid)]


def test_a_gradient_of_another_form_is_refused():
    engine = ppo_loss.ToyEngine(torch.Generator())
    with pytest.raises(Raised, match="another form than the parameters"):
        sandboxes._loss({"loss": 1.0, "gradients": [torch.zeros(1)]}, {"engine": engine})
    with pytest.raises(Raised, match="another form"):
        sandboxes._loss({"loss": 1.0}, {"engine": engine})


def test_a_course_keeps_its_seed_and_shows_it_to_no_one(tmp_path):
    course = Course(tmp_path)
    assert course.seed == Course(tmp_path).seed
    assert (tmp_path / ".grading" / "seed").stat().st_mode & 0o077 == 0
    (tmp_path / "other").mkdir()
    assert course.seed != Course(tmp_path / "other").seed


def test_the_port_of_the_machine_is_not_reached(zygote):
    needs(zygote, "network")
    with socket.socket() as server, Sandbox(zygote) as sandbox:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        port = server.getsockname()[1]
        with pytest.raises(Raised):
            in_sandbox(sandbox, f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=1)\nreturn 1.0")
        with pytest.raises(TimeoutError):
            server.accept()
