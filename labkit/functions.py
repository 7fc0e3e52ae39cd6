"""The student's functions: collected from a kernel, read from a notebook, carried into another process.

One mechanism serves three needs: a live run takes functions from the kernel, the command line takes them from a notebook
file or a folder, and the grader takes them from a submission. What is read from a file is only what the wanted functions
need: their own definitions and, in turn, the imports, helpers and constants that those name. Nothing else of it is run.
"""

from __future__ import annotations

import ast
import inspect
import json
import linecache
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import cloudpickle

from labkit import statements
from labkit.config import PACKAGE, Algorithm
from labkit.errors import FunctionsError, LabError, StudentError

# Each function's parameters, and the notebook of the series in which it is written.
CONTRACTS: dict[str, tuple[str, ...]] = {
    "reward_format": ("answer",),
    "reward_correct": ("item", "answer"),
    "gen_worker": ("worker",),
    "PPO_step": ("batch", "engine", "beta", "clip_param"),
    "normalize_group_rewards": ("rewards",),
}
HOMES: dict[Algorithm, dict[str, str]] = {
    "ppo": {"reward_format": "01", "reward_correct": "01", "gen_worker": "02", "PPO_step": "03"},
    "grpo": {"reward_format": "01", "reward_correct": "01", "PPO_step": "03", "gen_worker": "04",
             "normalize_group_rewards": "04"},
}  # fmt: skip


@dataclass(frozen=True)
class Functions:
    """The functions of one run by name, with the source text of the files and cells they were written in."""

    by_name: Mapping[str, Callable[..., Any]]
    sources: Mapping[str, str]

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call function `name`. Raises StudentError, with the student's own lines, where it raises.

        An error of the run itself, met inside the function (a process that died, say), passes through as it is.
        """
        try:
            return self.by_name[name](*args, **kwargs)
        except Exception as error:
            if isinstance(error, StudentError) or (isinstance(error, LabError) and not isinstance(error, FunctionsError)):
                raise
            frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in self.sources]
            lines = traceback.format_list(frames) + traceback.format_exception_only(error)
            where = f" in {frames[-1].filename}, line {frames[-1].lineno}" if frames else ""
            raise StudentError(f"{name} raised {type(error).__name__}{where}: {error}", "".join(lines)) from error


def collect(
    functions: Iterable[Callable[..., Any]] | Mapping[str, Any], algorithm: Algorithm, needed: Iterable[str] | None = None
) -> Functions:
    """The functions that `algorithm` needs, out of a list of functions or a namespace; `needed` are those that must be
    there, all of them where it is None.

    Raises FunctionsError where one is missing, is no function, or lacks a parameter.
    """
    given = dict(functions) if isinstance(functions, Mapping) else {f.__name__: f for f in functions}
    needed = list(HOMES[algorithm] if needed is None else needed)
    missing = [name for name in needed if name not in given]
    if missing:
        raise FunctionsError(f"{algorithm} needs {', '.join(needed)}; missing: {', '.join(missing)}")
    wanted = {name: given[name] for name in HOMES[algorithm] if name in given}
    for name, function in wanted.items():
        _check_signature(name, function)
    return Functions(wanted, _sources(wanted.values()))


def load_path(path: Path, algorithm: Algorithm) -> Functions:
    """The functions of `algorithm` out of a notebook, a Python file, or a folder of the series (`01_*`, `02_*`, ...).

    A notebook of the series may lack what others beside it hold. Raises FunctionsError where the path does not exist, a
    cell does not parse, or a function is missing.
    """
    if not path.exists():
        raise FunctionsError(f"{path} does not exist; give a notebook, a .py file, or a folder that holds the series")
    if path.is_dir():
        return collect(_from_series(path, HOMES[algorithm]), algorithm)
    return collect(_Definitions(path).get(HOMES[algorithm], _beside(path)), algorithm)


def load_function(path: Path, name: str) -> Callable[..., Any]:
    """One function out of a notebook or a Python file. Raises FunctionsError where it is not defined there."""
    definitions = _Definitions(path)
    found = definitions.get([name])
    if not definitions.defines(name):
        raise FunctionsError(f"{path} does not define {name}")
    function: Callable[..., Any] = found[name]
    return function


def earlier(*names: str, folder: Path | None = None) -> Any:
    """Functions that were written in earlier notebooks of the series: one, or a tuple of them in the order of `names`.
    `gen_worker` is that of notebook 02.

    They are looked for in the folder of the series, `folder` or what lies around the working directory. Raises
    FunctionsError where the notebook, or the function in it, is missing or not written yet.
    """
    homes = HOMES["grpo"] | HOMES["ppo"]
    unknown = [name for name in names if name not in homes]
    if unknown or not names:
        raise FunctionsError(f"{', '.join(unknown) or 'nothing'} is no function of the series; it has {', '.join(homes)}")
    wanted = {name: homes[name] for name in names}
    places = [folder] if folder is not None else [Path.cwd().parent, Path.cwd()]
    found = next((place for place in places if _holds(place, wanted.values())), None)
    if found is None:
        raise FunctionsError(
            f"no notebooks {', '.join(sorted({f'{n}_*' for n in wanted.values()}))} in {' or '.join(map(str, places))}: put "
            f"yours there, or define {', '.join(names)} in a cell here"
        )
    functions = _from_series(found, wanted)
    missing = [name for name in names if name not in functions]
    if missing:
        raise FunctionsError(f"notebook {wanted[missing[0]]} in {found} does not define {missing[0]}; did you save it?")
    return functions[names[0]] if len(names) == 1 else tuple(functions[name] for name in names)


def dump(functions: Functions, path: Path) -> None:
    """Write the functions to `path`, by value, for the processes of one run. Raises FunctionsError where that fails."""
    for module in _own_modules(functions.by_name.values()):
        cloudpickle.register_pickle_by_value(module)
    try:
        path.write_bytes(cloudpickle.dumps((dict(functions.by_name), dict(functions.sources))))
    except Exception as error:
        raise FunctionsError(
            f"the functions cannot be sent to another process: {type(error).__name__}: {error}. They may use plain values "
            "and other functions, but no open file, lock, figure or generator of the notebook"
        ) from error


def load(path: Path) -> Functions:
    """What `dump` wrote: the run's own file, never something that came over the network.

    Raises FunctionsError where there is none.
    """
    try:
        by_name, sources = cloudpickle.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise FunctionsError(f"{path} is missing: whoever starts a run writes it, as `labkit train` and Lab do") from error
    for filename, text in sources.items():  # so that a traceback shows the student's line
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    return Functions(by_name, sources)


def _check_signature(name: str, function: Any) -> None:
    if not callable(function):
        raise FunctionsError(f"{name} is {type(function).__name__}, not a function")
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    missing = [p for p in CONTRACTS[name] if p not in parameters]
    if missing:
        raise FunctionsError(
            f"{name} must take ({', '.join(CONTRACTS[name])}); yours takes ({', '.join(parameters)}), "
            f"without {', '.join(missing)}"
        )


def _is_own(module: ModuleType) -> bool:
    """A module of the student's, which other processes cannot be sure to import: not installed, not labkit."""
    file = getattr(module, "__file__", None)
    if file is None or module.__name__ == "__main__":
        return False
    installed = [Path(sysconfig.get_paths()[key]) for key in ("stdlib", "platstdlib", "purelib", "platlib")] + [PACKAGE]
    return not any(Path(file).resolve().is_relative_to(folder) for folder in installed)


def _reachable(functions: Iterable[Any]) -> list[FunctionType]:
    """The functions, and in turn the helpers that they name, as far as the student wrote them."""
    found: dict[int, FunctionType] = {}
    pending = list(functions)
    while pending:
        function = pending.pop()
        if not isinstance(function, FunctionType) or id(function) in found:
            continue
        module = sys.modules.get(function.__module__)
        if module is None or module.__name__ == "__main__" or _is_own(module):
            found[id(function)] = function
            pending += [function.__globals__.get(name) for name in _names(function.__code__)]
    return list(found.values())


def _own_modules(functions: Iterable[Any]) -> set[ModuleType]:
    reachable = _reachable(functions)
    named = [f.__globals__.get(name) for f in reachable for name in _names(f.__code__)]
    modules = {sys.modules.get(f.__module__) for f in reachable} | {m for m in named if isinstance(m, ModuleType)}
    return {module for module in modules if module is not None and _is_own(module)}


def _sources(functions: Iterable[Any]) -> dict[str, str]:
    """The text of every file or cell that the functions, and the helpers they name, were written in."""
    files = {function.__code__.co_filename for function in _reachable(functions)}
    return {file: "".join(linecache.getlines(file)) for file in sorted(files)}


def _names(code: CodeType) -> set[str]:
    inner = [_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*inner)


def _holds(folder: Path, numbers: Iterable[str]) -> bool:
    return all(_series_files(folder, number) for number in numbers)


def _from_series(folder: Path, homes: Mapping[str, str]) -> dict[str, Any]:
    """The functions of `homes` (name: number of its notebook) out of a folder of the series."""
    series = _series(folder, homes)
    namespace: dict[str, Any] = {}
    for name, number in homes.items():
        series[number].check_written(name)
        namespace |= series[number].get([name], [other for key, other in series.items() if key != number])
    return namespace


def _series(folder: Path, homes: Mapping[str, str]) -> dict[str, _Definitions]:
    """Notebooks of the series in `folder` by number: those of `homes`, and earlier ones that are there for their helpers."""
    for number in sorted(set(homes.values())):
        if not _series_files(folder, number):
            raise FunctionsError(f"{folder} holds no notebook {number}_*; it holds {sorted(f.name for f in folder.iterdir())}")
    files = {number: _series_files(folder, number) for number in sorted({*homes.values(), *HOMES["ppo"].values()})}
    return {number: _Definitions(found[0]) for number, found in files.items() if found}


def _beside(file: Path) -> list[_Definitions]:
    """The other notebooks of the series that `file` belongs to; none where it is no notebook of a series."""
    number = file.name[:2]
    for folder in (file.resolve().parent.parent, file.resolve().parent):
        if file.resolve() in _series_files(folder.resolve(), number):
            others = {n: _series_files(folder, n) for n in sorted(HOMES["ppo"].values()) if n != number}
            return [_Definitions(found[0]) for found in others.values() if found]
    return []


def _series_files(folder: Path, number: str) -> list[Path]:
    """The files of a notebook's number, notebooks before texts, in the folder itself or one that is named like them."""
    return [file for suffix in ("ipynb", "py") for pattern in (f"{number}_*.{suffix}", f"{number}_*/{number}_*.{suffix}")
            for file in sorted(folder.glob(pattern))]  # fmt: skip


def _cells(file: Path) -> list[tuple[str, str]]:
    """(name for tracebacks, source) of each code cell that is not tagged `live`; a Python file is one cell."""
    if file.suffix == ".py":
        return [(str(file), file.read_text(encoding="utf-8"))]
    try:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        code = [(n, "".join(cell["source"])) for n, cell in enumerate(cells, 1)
                if cell["cell_type"] == "code" and "live" not in cell.get("metadata", {}).get("tags", ())]  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FunctionsError(f"{file} is not a notebook: {type(error).__name__}: {error}") from error
    return [(f"{file.name}, cell {n}", source) for n, source in code]


class _Definitions:
    """The top-level definitions, imports and assignments of one file, run only as far as they are needed."""

    def __init__(self, file: Path) -> None:
        self._namespace: dict[str, Any] = {"__name__": "__main__"}  # as in a notebook: dataclass looks its module up
        self._statements: list[tuple[str, ast.stmt]] = []
        self._broken: list[tuple[str, FunctionsError]] = []  # cells that are no Python; they matter if what is wanted is in one
        for filename, text in _cells(file):
            linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
            try:
                self._statements += [(filename, statement) for statement in statements.parse(filename, text)]
            except FunctionsError as error:
                self._broken.append((text, error))
        self._binds = [statements.binds(statement) for _, statement in self._statements]
        imports = [
            s
            for _, statement in self._statements
            for s in statements.in_scope(statement)
            if isinstance(s, ast.Import | ast.ImportFrom)
        ]
        imported = set().union(*map(statements.binds, imports))
        self._changes = [statements.changes(statement, imported) for _, statement in self._statements]
        self._done: set[int] = set()

    def get(self, names: Iterable[str], others: Sequence[_Definitions] = ()) -> dict[str, Any]:
        """Those of `names` that stand here. A function that they need and that is not here is taken from `others`; so is
        one of the series that a cell here only fetches (`reward_format = earlier("reward_format")`).

        Raises FunctionsError for a cell that defines one of them and is no Python, or that raises."""
        names = list(names)
        for text, error in self._broken:
            if any(f"def {name}(" in text and not self.defines(name) for name in names):
                raise error
        fetched = {n for n in CONTRACTS if not self.defines(n) and any(other.defines(n) for other in others)}
        chosen, used = self._needed(set(names), fetched)
        for index in sorted(chosen - self._done):
            self._done.add(index)
            try:
                self._run(*self._statements[index])
            except FunctionsError:
                if not isinstance(self._statements[index][1], ast.Expr):  # a call that binds nothing may only have looked
                    raise
        here = set().union(*self._binds) - fetched
        for name in sorted(used - here - set(self._namespace)):
            for other in others:
                if other.defines(name):
                    self._namespace |= other.get([name], [o for o in (self, *others) if o is not other])
                    break
        return {name: self._namespace[name] for name in names if name in self._namespace}

    def defines(self, name: str) -> bool:
        """Whether a function or class of this name is defined here."""
        return any(found.name == name for _, found in self._definitions())

    def _definitions(self) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
        """(file, definition) of each function and class."""
        for filename, statement in self._statements:
            yield from (
                (filename, node) for node in statements.in_scope(statement) if isinstance(node, ast.FunctionDef | ast.ClassDef)
            )

    def check_written(self, name: str) -> None:
        """Raises FunctionsError where function `name` is still the stub that was handed out."""
        found = [(file, s) for file, s in self._definitions() if isinstance(s, ast.FunctionDef) and s.name == name]
        for filename, statement in found[-1:]:
            body = statement.body[1:] if ast.get_docstring(statement) else statement.body
            if len(body) == 1 and isinstance(body[0], ast.Raise) and "NotImplementedError" in ast.unparse(body[0]):
                raise FunctionsError(
                    f"{name} is not written yet in {filename}, line {body[0].lineno}: it still raises NotImplementedError. "
                    "Write it there, and save that notebook"
                )

    def _needed(self, names: set[str], fetched: set[str]) -> tuple[set[int], set[str]]:
        """The statements that define `names` or, in turn, what those use, `fetched` left out, and that change what was so
        defined; and all names that are used."""
        chosen: set[int] = set()
        while True:
            more = {i for i, bound in enumerate(self._binds) if bound & (names - fetched) or "*" in bound}
            here = set().union(*(self._binds[i] for i in chosen | more))
            more |= {i for i, changed in enumerate(self._changes) if changed and changed <= here}
            more -= chosen
            if not more:
                return chosen, names
            chosen |= more
            names |= set().union(*(statements.uses(self._statements[i][1]) for i in more))

    def _run(self, filename: str, statement: ast.stmt) -> None:
        code = compile(ast.Module([statement], []), filename, "exec")
        try:
            exec(code, self._namespace)
        except Exception as error:
            raise FunctionsError(f"{filename}, line {statement.lineno}: {type(error).__name__}: {error}") from error
