"""What a statement of Python binds, uses and changes, read off its syntax tree. Nothing is run."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator

from labkit.errors import FunctionsError


def parse(filename: str, text: str) -> list[ast.stmt]:
    """The statements of a cell; lines that only IPython understands (`%time`, `!ls`, `x?`) are left out where they keep it from
    being Python. Raises FunctionsError where it is none."""
    without = "\n".join(
        "#" + line[1:] if line[:1] in ("%", "!", "?") or line.rstrip()[-1:] == "?" else line for line in text.split("\n")
    )
    try:
        try:
            return ast.parse(text, filename).body
        except SyntaxError:
            return ast.parse(without, filename).body
    except SyntaxError as error:
        raise FunctionsError(f"{filename}, line {error.lineno}: {error.msg}: {(error.text or '').strip()}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise FunctionsError(f"{filename} cannot be read as Python: {type(error).__name__}: {error}") from error


def uses(statement: ast.stmt) -> set[str]:
    """The names of its module that a statement uses: no local variables, no attributes."""
    pending, found = [symtable.symtable(ast.unparse(statement), "statement", "exec")], set()
    while pending:
        scope = pending.pop()
        pending += scope.get_children()
        found |= {
            s.get_name() for s in scope.get_symbols() if s.is_global() or (scope.get_type() == "module" and s.is_referenced())
        }
    return found


def in_scope(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements that run in a module's scope when `node` does: itself, and what stands inside `if`, `try`, `for`, ..."""
    if isinstance(node, ast.stmt):
        yield node
    if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                yield from in_scope(child)


def binds(statement: ast.stmt) -> set[str]:
    """The names of its module that a statement binds."""
    bound: set[str] = set()
    for node in in_scope(statement):
        match node:
            case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
                bound.add(node.name)
            case ast.Import() | ast.ImportFrom():
                bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            case ast.Expr():
                pass
            case _:
                inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr | ast.withitem)]
                bound |= {name.id for child in inner for name in _names_in(child) if isinstance(name.ctx, ast.Store)}
    return bound


def _names_in(expression: ast.AST) -> Iterator[ast.Name]:
    """The names in an expression; those inside comprehensions and lambdas have a scope of their own."""
    if isinstance(expression, ast.Name):
        yield expression
    elif not isinstance(expression, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda):
        for child in ast.iter_child_nodes(expression):
            yield from _names_in(child)


def changes(statement: ast.stmt, imported: set[str]) -> set[str]:
    """The names through which a statement changes something that it does not bind: `TABLE` in `TABLE["km"] = 1000` and in
    `TABLE.update(km=1000)`, `getcontext` in `getcontext().prec = 60`. A call into what is `imported` changes nothing here."""
    changed: list[ast.expr] = []
    for node in in_scope(statement):
        match node:
            case ast.Assign(targets=targets):
                changed += [target.value for target in targets if isinstance(target, ast.Attribute | ast.Subscript)]
            case (
                ast.AugAssign(target=ast.Attribute() | ast.Subscript() as target)
                | ast.AnnAssign(target=ast.Attribute() as target)
            ):
                changed.append(target.value)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=value))) if not imported & {n.id for n in _names_in(value)}:
                changed.append(value)
    return {name.id for value in changed for name in _names_in(value)}
