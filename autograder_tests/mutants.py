"""Changes a right function in one place at a time, and prints the changes that the hidden checks let through.

    python -m autograder_tests.mutants [EXERCISE ...] [--dir DIR] [-j N]

Mutation testing (DeMillo, Lipton, Sayward 1978) of the checks: what survives is equivalent, or shows that a case is missing.
EXERCISE is `reward_correct`, `gen_worker`, …; DIR is a folder as the bank is, of which `right/` is taken (default: the bank).
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import io
import warnings
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from autograder_tests import hidden
from autograder_tests.expected import BANK, submissions

SECONDS = 0.7  # for one question to a mutant: many never end
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
OPPOSITES = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.In: ast.NotIn, ast.NotIn: ast.In,
             ast.And: ast.Or, ast.Or: ast.And}  # fmt: skip
IN_PATTERNS = (("*", "+"), ("+", "*"), ("?", ""), ("\\d", "\\w"), ("\\d", "[1-9]"), ("\\s", " "), ("{3}", "{2,3}"))


def mutants(source: str) -> Iterator[str]:
    """`source` with one thing changed, all ways in turn; formatted as `ast.unparse` does."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    for parent in list(ast.walk(tree)):
        if _is_docstring(parent):
            continue
        for name, value in list(ast.iter_fields(parent)):
            siblings = value if isinstance(value, list) else None
            for place, node in enumerate([value] if siblings is None else list(siblings)):
                if not isinstance(node, ast.AST) or _is_docstring(node):
                    continue
                for other in _instead(node):
                    _put(parent, name, siblings, place, other)
                    text = ast.unparse(ast.fix_missing_locations(tree))
                    if text not in seen:
                        seen.add(text)
                        yield text
                _put(parent, name, siblings, place, node)


def _put(parent: ast.AST, name: str, siblings: list[ast.AST] | None, place: int, node: ast.AST) -> None:
    if siblings is None:
        setattr(parent, name, node)
    else:
        siblings[place] = node


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _instead(node: ast.AST) -> Iterator[ast.AST]:
    """What can stand in the place of `node`."""
    if type(node) in OPPOSITES:
        yield OPPOSITES[type(node)]()
    elif isinstance(node, COMPARISONS):
        yield from (kind() for kind in COMPARISONS if kind is not type(node))
    elif isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in _values(node.value))
    elif isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    elif isinstance(node, ast.BoolOp):
        yield from node.values
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.Slice):
        yield from (ast.Slice(None, node.upper, node.step), ast.Slice(node.lower, None, node.step))
    elif isinstance(node, ast.Call):
        yield from (ast.Call(node.func, node.args, [k for k in node.keywords if k is not gone]) for gone in node.keywords)
        if len(node.args) > 1:
            yield ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)
        if isinstance(node.func, ast.Attribute):
            yield node.func.value
        elif len(node.args) == 1:
            yield node.args[0]
    elif isinstance(node, ast.If):
        yield from (ast.If(ast.Constant(value), node.body, node.orelse) for value in (True, False))
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return | ast.Continue | ast.Break):
        yield ast.Pass()


def _values(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, 0, -value)
    elif isinstance(value, float):
        yield from (value * 1.05, 0.0, -value)
    elif isinstance(value, str):
        yield from (value[:n] + value[n + 1 :] for n in range(len(value)))
        for old, new in IN_PATTERNS:
            yield from (value[:n] + new + value[n + len(old) :] for n in range(len(value)) if value.startswith(old, n))


def survives(exercise: str, source: str) -> bool:
    """Whether the function in `source` earns full marks on the hidden cases of `exercise`."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    name, _, algorithm = exercise.partition(", ")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    silence = io.StringIO()
    try:
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            exec(compile(source, "<mutant>", "exec"), namespace)  # of a right function of our own
        function = namespace[name]
    except Exception:  # noqa: BLE001 - a mutant that does not load is none
        return False
    return hidden.check(function, algorithm="grpo" if algorithm == "GRPO" else "ppo", seconds=SECONDS).score == 1.0


def _tried(job: tuple[str, Path, str]) -> bool:
    exercise, _, source = job
    return survives(exercise, source)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m autograder_tests.mutants", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("exercises", nargs="*", metavar="EXERCISE", help="which ones (default: all)")
    parser.add_argument("--dir", type=Path, default=BANK, help="a folder with NN_topic/right/ (default: the bank)")
    parser.add_argument("-j", type=int, default=2, metavar="N", help="processes (default: 2)")
    arguments = parser.parse_args()
    jobs = [
        (exercise, path, mutant)
        for exercise, path in submissions("right", arguments.dir)
        if not arguments.exercises or exercise.partition(",")[0] in arguments.exercises
        for mutant in mutants(path.read_text(encoding="utf-8"))
    ]
    with Pool(arguments.j) as pool:
        alive = list(tqdm(pool.imap(_tried, jobs, chunksize=8), total=len(jobs), unit="mutant"))
    for (_, path, mutant), lives in zip(jobs, alive, strict=True):
        if lives:
            before = ast.unparse(ast.parse(path.read_text(encoding="utf-8")))
            lines = difflib.unified_diff(before.splitlines(), mutant.splitlines(), lineterm="", n=0)
            print(f"{path.stem}:", *(f"\n  {line}" for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")))
    print(f"{sum(alive)} of {len(jobs)} mutants survive")


if __name__ == "__main__":
    main()
