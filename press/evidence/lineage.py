"""Where an output of a chapter comes from: the cells, the functions and the parameters that made it.

The cells are read, not run. A cell depends on the cells that gave the variables which it uses, and so on
back to the parameters. What a cell changes through a function's argument is not seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CodeCell", "Lineage", "code_cells", "imported_names", "trace"]

_MAGIC = re.compile(r"^[%!].*$", re.MULTILINE)
_IN_PLACE = frozenset({"add", "append", "extend", "insert", "remove", "setdefault", "sort", "update"})


@dataclass(frozen=True)
class CodeCell:
    """A code cell of an executed notebook.

    Attributes
    ----------
    position : int
        Its index among all cells.
    source : str
        What it runs; empty for a cell that sets the parameters.
    seconds : float
        How long it ran.
    """

    position: int
    source: str
    seconds: float


def code_cells(notebook: Mapping[str, Any]) -> list[CodeCell]:
    """List the code cells of an executed notebook."""
    found = []
    for position, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            given = {"parameters", "injected-parameters"} & set(cell["metadata"].get("tags", ()))
            source = "" if given else "".join(cell["source"])
            seconds = cell["metadata"].get("papermill", {}).get("duration") or 0.0
            found.append(CodeCell(position, source, float(seconds)))
    return found


@dataclass(frozen=True)
class Lineage:
    """What made the output of a cell.

    Attributes
    ----------
    cells : tuple of int
        Indices of the cells, in order; the cell itself is the last one.
    names : tuple of str
        The public objects that these cells use, in the order of their first use.
    parameters : tuple of str
        The chapter's parameters that these cells use.
    """

    cells: tuple[int, ...]
    names: tuple[str, ...]
    parameters: tuple[str, ...]


def trace(sources: Sequence[str], public: Mapping[str, str], parameters: Sequence[str] = ()) -> list[Lineage]:
    """Find what made the output of each cell: of the code cells in order, those with parameters left empty.

    `public` says where each dotted name that can be imported is documented. Raises SyntaxError if a cell is
    not Python (lines of IPython's magic aside).

    >>> cells = ["from opgd import fit_rate", "x = [size, 2 * size]", "y = 5", "print(fit_rate(x, x))"]
    >>> trace(cells, {"opgd.fit_rate": "opgd.rates.fit_rate"}, ["size", "seed"])[3]
    Lineage(cells=(1, 3), names=('opgd.rates.fit_rate',), parameters=('size',))
    """
    imports: dict[str, str] = {}
    cells = [_read(source, imports, public) for source in sources]
    found = []
    for last in range(len(cells)):
        reached, open_ones = {last}, [last]
        while open_ones:
            index = open_ones.pop()
            new = {giver for name in cells[index].needs for giver in _givers(name, cells, index)} - reached
            reached |= new
            open_ones += new
        order = tuple(sorted(reached))
        names = dict.fromkeys(name for index in order for name in cells[index].uses)
        needed = {name for index in order for name in cells[index].needs}
        found.append(Lineage(order, tuple(names), tuple(name for name in parameters if name in needed)))
    return found


def imported_names(sources: Sequence[str], public: Mapping[str, str]) -> dict[str, str]:
    """Find the public objects that cells import by name.

    >>> imported_names(["from opgd import fit_rate as fit"], {"opgd.fit_rate": "opgd.rates.fit_rate"})
    {'fit': 'opgd.rates.fit_rate'}
    """
    imports: dict[str, str] = {}
    for source in sources:
        _read(source, imports, public)
    return {name: public[place] for name, place in imports.items() if place in public}


def _givers(name: str, cells: list[_Cell], user: int) -> list[int]:
    """Indices of the cells that gave a variable its value: the last that set it, and who changed it since."""
    found = []
    for index in reversed(range(user)):
        if name in cells[index].sets or name in cells[index].changes:
            found.append(index)
        if name in cells[index].sets:
            break
    return found


@dataclass
class _Cell:
    """Names that a cell needs from others, surely sets, perhaps sets or changes; public objects it uses."""

    needs: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    uses: dict[str, None] = field(default_factory=dict)


def _read(source: str, imports: dict[str, str], public: Mapping[str, str]) -> _Cell:
    reader = _Reader(imports, public)
    reader.visit(ast.parse(_MAGIC.sub("", source)))
    return reader.cell


class _Reader(ast.NodeVisitor):
    """Walk through a cell in the order of execution."""

    def __init__(self, imports: dict[str, str], public: Mapping[str, str]) -> None:
        self.imports, self.public = imports, public
        self.cell, self.known, self.local = _Cell(), set[str](), set[str]()
        self.conditional = 0

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.imports[alias.asname or alias.name.split(".")[0]] = alias.name

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self.local:
            return
        if isinstance(node.ctx, ast.Store):
            self.known.add(node.id)
            (self.cell.changes if self.conditional else self.cell.sets).add(node.id)
        elif node.id not in self.known and not self._use(self.imports.get(node.id, "")):
            self.cell.needs.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        dotted = _dotted(node)
        first, _, rest = dotted.partition(".")
        if first in self.imports and first not in self.local and self._use(f"{self.imports[first]}.{rest}"):
            return
        self._change(node)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._change(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in _IN_PLACE:
            self._mark(function.value)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.visit(ast.Name(node.target.id, ast.Load()))
        self._mark(node.target)
        if not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._branch([node.target, *node.body, *node.orelse])

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._branch([*node.body, *node.orelse])

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branch([*node.body, *node.orelse])

    def visit_Try(self, node: ast.Try) -> None:
        self._branch([*node.body, *node.handlers, *node.orelse, *node.finalbody])

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node.generators, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node.generators, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node.generators, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node.generators, [node.key, node.value])

    def visit_Lambda(self, node: ast.Lambda) -> None:
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            if default is not None:
                self.visit(default)
        names = {a.arg for a in [*named, arguments.vararg, arguments.kwarg] if a is not None}
        self._inside(names, [node.body])

    def _comprehension(self, generators: list[ast.comprehension], results: list[ast.expr]) -> None:
        self.visit(generators[0].iter)  # belongs to the scope outside
        names = {
            node.id
            for generator in generators
            for node in ast.walk(generator.target)
            if isinstance(node, ast.Name)
        }
        inner = [generator.iter for generator in generators[1:]]
        self._inside(names, [*inner, *(test for g in generators for test in g.ifs), *results])

    def _inside(self, names: set[str], nodes: Sequence[ast.AST]) -> None:
        outer, self.local = self.local, self.local | names
        for node in nodes:
            self.visit(node)
        self.local = outer

    def _branch(self, nodes: Sequence[ast.AST]) -> None:
        self.conditional += 1
        for node in nodes:
            self.visit(node)
        self.conditional -= 1

    def _use(self, dotted: str) -> bool:
        """Note the public object that a dotted name is or belongs to; tell whether it is an import at all."""
        name = dotted
        while name and name not in self.public:
            name = name.rpartition(".")[0]
        if name:
            self.cell.uses[self.public[name]] = None
        return bool(dotted)

    def _change(self, node: ast.Attribute | ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Store):
            self._mark(node.value)

    def _mark(self, node: ast.expr) -> None:
        """Note that the variable at the root of an expression is changed in place."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        if isinstance(node, ast.Name) and node.id not in self.local:
            self.cell.changes.add(node.id)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return node.id if isinstance(node, ast.Name) else ""
