"""The public names of a package, read from its text: nothing is imported.

A name is public if the `__all__` of a module lists it, and a module is unless its name begins with an
underscore. A name is documented where it is defined, or by the room that exports it from a private module.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Module", "public_modules", "public_names"]


@dataclass(frozen=True)
class Module:
    """A public module: its dotted name, its `__all__`, and from where it takes names of its package."""

    name: str
    names: tuple[str, ...]
    imported: dict[str, str]


def public_modules(root: Path, package: str) -> list[Module]:
    """Find the public modules of a package in a directory that have public names, by name; "" has none."""
    found = []
    for path in sorted((root / package).rglob("*.py")) if package else ():
        parts = path.relative_to(root).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if any(part.startswith("_") for part in parts):
            continue
        body = ast.parse(path.read_text(encoding="utf-8")).body
        if names := _listed(body):
            found.append(Module(".".join(parts), names, _imported(body, package)))
    return sorted(found, key=lambda module: module.name)


def public_names(modules: list[Module]) -> dict[str, str]:
    """Say where each name is documented: from every dotted name ("opgd.fit_rate") to one of them.

    The dotted name in a private module counts as well.
    """
    sources = {f"{m.name}.{name}": m.imported.get(name, "") for m in modules for name in m.names}
    places = {}
    for name in sources:
        place = name
        while sources.get(place) in sources:
            place = sources[place]
        places[name] = place
    return {source: places[name] for name, source in sources.items() if source} | places


def _listed(body: list[ast.stmt]) -> tuple[str, ...]:
    for node in body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            return tuple(ast.literal_eval(node.value))
    return ()


def _imported(body: list[ast.stmt], package: str) -> dict[str, str]:
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for statement in body
        for node in (statement.body if isinstance(statement, ast.Try) else [statement])
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package
        for alias in node.names
    }
