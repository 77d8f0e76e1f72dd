"""The source of a test, with the fixtures, helpers and constants of its file on which it depends."""

from __future__ import annotations

import ast
import re
from pathlib import Path

__all__ = ["anchor", "check_source", "in_words"]


def anchor(node: str) -> str:
    """Return the name of the place on the page of the checks that shows a test.

    >>> anchor("tests/opgd/risk/test_curve.py::test_figure_1[a-b]")
    'number-tests-opgd-risk-test-curve-test-figure-1'
    """
    plain = node.split("[", 1)[0].replace(".py::", "-")
    return f"number-{re.sub('[^a-z0-9]+', '-', plain.lower()).strip('-')}"


def in_words(function: str) -> str:
    """Return the name of a test as words, for a heading.

    >>> in_words("test_same_order_same_rate")
    'same order same rate'
    """
    return function.removeprefix("test_").replace("_", " ")


def check_source(root: Path, node: str) -> str:
    """Read the source of a test and of what it uses from its own file.

    Raises ValueError if the file does not define the test.
    """
    name, _, test = node.split("[", 1)[0].partition("::")
    text = (root / name).read_text(encoding="utf-8")
    defined: dict[str, ast.stmt] = {}
    for statement in ast.parse(text).body:
        for target in _targets(statement):
            defined.setdefault(target, statement)
    first = test.split("::")[0]
    if first not in defined:
        raise ValueError(f"check {node!r}: {name} does not define {first}")
    wanted, open_ones = {first}, [first]
    while open_ones:
        # a fixture is asked for by the name of an argument
        used = {
            part.id if isinstance(part, ast.Name) else part.arg
            for part in ast.walk(defined[open_ones.pop()])
            if isinstance(part, ast.Name | ast.arg)
        }
        new = (used & set(defined)) - wanted
        wanted |= new
        open_ones += sorted(new)
    lines = text.splitlines()
    chosen = {id(defined[name]): defined[name] for name in wanted}.values()
    shown, after_constant = "", False
    for statement in sorted(chosen, key=lambda statement: statement.lineno):
        constant = isinstance(statement, ast.Assign | ast.AnnAssign)
        if shown:
            shown += "\n" if constant and after_constant else "\n\n\n"
        shown += "\n".join(lines[_first_line(statement) - 1 : statement.end_lineno])
        after_constant = constant
    return shown


def _targets(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
    return []


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])
