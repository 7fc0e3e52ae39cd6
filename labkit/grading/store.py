"""Scores that are kept: each under a digest of all that it depends on, so that nothing is graded twice.

The digest covers the submission's code cells and record, the course's seed, and the code and solutions that judge. Whoever
grades a share of a class, on whatever machine, adds files here; merging shares is having all files in one folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Score:
    """What one graded cell earns, and the table that explains it."""

    share: float  # of the cell's points, 0 .. 1
    text: str
    html: str
    sound: bool = True  # False: the grader itself failed; it is not kept


class Store:
    """The folder of scores; safe to write from several processes at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, digest: str) -> dict[str, Score] | None:
        """The scores by grade_id that were put under `digest`; None where there are none."""
        try:
            kept = json.loads(self._path(digest).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return {grade_id: Score(**score) for grade_id, score in kept.items()}

    def put(self, digest: str, scores: Mapping[str, Score]) -> None:
        path = self._path(digest)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps({grade_id: asdict(score) for grade_id, score in scores.items()}, ensure_ascii=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            file.write(text)
        os.replace(file.name, path)

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.json"


def digest(code: str, record: Path, wanted: Sequence[str], judged_by: str) -> str:
    """Of all that the scores of a submission depend on; `judged_by` stands for the course."""
    return of_text(json.dumps([code, of_file(record), list(wanted), judged_by]))


def of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def of_file(path: Path) -> str:
    """The SHA-256 of a file, or what is the matter with it."""
    if path.is_symlink():
        return "a link"
    if not path.is_file():
        return "missing"
    if not os.access(path, os.R_OK):
        return "unreadable"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
