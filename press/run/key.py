"""What goes into a run, and the name made of it: what was executed once is not executed again.

Into a run go the code cells, the parameters and their profile, the project's files that the cells import
(directly or not), the data of the library that they call, the printed numbers, `press.run` itself, the lock,
and Python with its settings. Prose does not, nor do docstrings and comments of the files.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from press.run.environment import interpreter
from press.run.notebook import clean_notebook
from press.run.parameters import Value
from press.run.project import HOME, Project
from press.run.reported import FILE

__all__ = ["Point", "difference", "digest", "imported", "ingredients", "library"]

TAGS = {"parameters", "raises-exception", "skip-execution"}  # those that matter to an execution


@dataclass(frozen=True)
class Point:
    """A chapter, one choice of all its parameters, and what goes into its run."""

    chapter: str
    profile: str
    values: Mapping[str, Value]
    made_of: Mapping[str, Any]

    @classmethod
    def of(cls, project: Project, chapter: str, profile: str, values: Mapping[str, Value]) -> Point:
        """Make the point with the chapter and the code as they are now."""
        return cls.with_code(ingredients(project, chapter), chapter, profile, values)

    @classmethod
    def with_code(
        cls, code: Mapping[str, Any], chapter: str, profile: str, values: Mapping[str, Value]
    ) -> Point:
        """Make the point; `code` is from `ingredients`."""
        return cls(chapter, profile, values, {**code, "profile": profile, "parameters": dict(values)})

    @functools.cached_property
    def key(self) -> str:
        """A digest of all that goes into the run; the same in every copy of the project."""
        return digest(json.dumps(self.made_of, sort_keys=True).encode())

    @property
    def name(self) -> str:
        """What its run is called in the store."""
        return f"{self.chapter}-{self.key}"


def ingredients(project: Project, chapter: str) -> dict[str, Any]:
    """Collect what goes into every run of a chapter: cells, files and Python."""
    cells = [cell for cell in clean_notebook(project.source(chapter)).cells if cell.cell_type == "code"]
    names: set[str] = {"press.run.execute"}
    for cell in cells:
        try:
            names |= _read(cell.source.encode())[1]
        except SyntaxError:  # a magic: who knows what it imports
            names |= _modules(project.root, project.setting("library")) | _modules(HOME, "press/chapter")
    names |= {project.setting("reported")} - {""}
    files = imported(HOME, names) | imported(project.root, names) | _data(project.root)
    return {"chapter": chapter, "cells": [_cell(c) for c in cells], "files": files, "python": interpreter()}


def imported(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Find the project's files behind the names of modules, and behind what these import.

    The digest of a module is that of its code, without docstrings and comments.
    """
    found: dict[str, str] = {}
    open_ones = set(names)
    while open_ones:
        name = open_ones.pop()
        parent = name.rpartition(".")[0]
        if parent:
            open_ones.add(parent)
        path = root.joinpath(*name.split("."))
        package = (path / "__init__.py").is_file()
        module = path / "__init__.py" if package else path.with_suffix(".py")
        where = module.relative_to(root).as_posix()
        if where in found or not module.is_file():
            continue
        content = module.read_bytes()
        try:
            found[where], further = _read(content)
            open_ones |= {importlib.util.resolve_name(one, name if package else parent) for one in further}
        except SyntaxError:  # the run will tell
            found[where] = digest(content)
    return dict(sorted(found.items()))


def library(root: Path) -> str:
    """Identify everything that can shape a number of the library: all of its code, the lock and Python."""
    files = imported(root, _modules(root, Project(root).setting("library"))) | _data(root)
    return digest(json.dumps([files, interpreter()]).encode())


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Say in what two runs of a chapter differ, the most telling first; empty if in nothing."""
    before, after = old["cells"], new["cells"]
    if len(before) != len(after):
        return f"{len(after)} code cells, {len(before)} before"
    changed = [str(i) for i, (was, now) in enumerate(zip(before, after, strict=True), start=1) if was != now]
    if changed:
        return f"code cell{'s' * (len(changed) > 1)} {', '.join(changed)} changed"
    for part, what in (("files", "{}"), ("parameters", "parameter {}")):
        names = [name for name in {**old[part], **new[part]} if old[part].get(name) != new[part].get(name)]
        if names:
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            return f"{what.format(names[0])}{others} changed"
    for part in ("python", "profile"):
        if old[part] != new[part]:
            return f"{part} is {new[part]}, not {old[part]}"
    return ""


def digest(content: bytes) -> str:
    """Return a short hexadecimal digest."""
    return hashlib.sha256(content).hexdigest()[:24]


def _cell(cell: Any) -> str:
    """The digest of a code cell: its text, of which every character may count, and tags that matter."""
    tags = sorted(TAGS.intersection(cell.metadata.get("tags", [])))
    # of parameters the values count, not the words behind them
    text = _read(cell.source.encode())[0] if "parameters" in tags else cell.source
    return digest(json.dumps([tags, text]).encode())


@functools.cache
def _read(source: bytes) -> tuple[str, frozenset[str]]:
    """Return the digest of what a source does, and the names that it imports.

    Docstrings do nothing, nor do other strings that nobody uses.
    """
    words: list[str] = []
    names: set[str] = set()

    def read(value: object) -> None:
        if isinstance(value, ast.AST):
            if isinstance(value, ast.Import):
                names.update(alias.name for alias in value.names)
            elif isinstance(value, ast.ImportFrom):
                start = "." * value.level + (value.module or "")
                names.update(
                    {start, *(f"{start}.{a.name}" if value.module else start + a.name for a in value.names)}
                )
            words.append(type(value).__name__)
            for field in value._fields:
                read(getattr(value, field, None))
        elif isinstance(value, list):
            words.append("[")
            for item in value:
                if not _idle(item):
                    read(item)
            words.append("]")
        else:
            words.append(repr(value))

    read(ast.parse(source))
    return digest(" ".join(words).encode()), frozenset(names)


def _idle(node: object) -> bool:
    """Tell whether a statement is a string that nobody uses."""
    constant = node.value if isinstance(node, ast.Expr) else None
    return isinstance(constant, ast.Constant) and isinstance(constant.value, str)


def _modules(root: Path, directory: str) -> set[str]:
    found = (root / directory).rglob("*.py") if directory else ()
    paths = (path.relative_to(root).with_suffix("") for path in found)
    return {".".join(path.parts).removesuffix(".__init__") for path in paths}


def _data(root: Path) -> dict[str, str]:
    """The digests of what shapes results and is no code: data of the library, printed numbers, the lock."""
    library = Project(root).setting("library")
    of_library = sorted((root / library).rglob("*.*")) if library else []
    paths = [*of_library, root / FILE, root / "requirements.lock"]
    files = ((path.relative_to(root), path) for path in paths if path.is_file())
    idle = (".py", ".pyc", ".nbi", ".nbc", ".swp", "~")
    return {n.as_posix(): digest(path.read_bytes()) for n, path in files if not path.name.endswith(idle)}
