"""The public names of a package, read from its text: nothing is imported.

A name is public if the `__all__` of a module lists it. It is documented with the module that defines it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Module", "public_modules", "public_names"]


@dataclass(frozen=True)
class Module:
    """A module with a list of public names.

    Attributes
    ----------
    name : str
        Its dotted name.
    summary : str
        First line of its docstring, without the full stop.
    names : tuple of str
        Its `__all__`.
    imported : dict of str to str
        For each name that it takes from another module: the dotted name there.
    """

    name: str
    summary: str
    names: tuple[str, ...]
    imported: dict[str, str]


def public_modules(root: Path, package: str) -> list[Module]:
    """Find the modules of a package that have public names.

    Parameters
    ----------
    root : pathlib.Path
        Directory that holds the package.
    package : str
        Name of the package.

    Returns
    -------
    list of Module
        The package itself first, then by name; modules whose name begins with an underscore are left out.
    """
    found = []
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if any(part.startswith("_") for part in parts):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = _listed(tree)
        if names:
            summary = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ").rstrip(".")
            found.append(Module(".".join(parts), summary, names, _imported(tree, package)))
    return sorted(found, key=lambda module: module.name)


def public_names(modules: list[Module]) -> dict[str, str]:
    """Say where each public name is documented.

    Parameters
    ----------
    modules : list of Module
        What `public_modules` returns.

    Returns
    -------
    dict of str to str
        From every dotted name that can be imported ("opgd.fit_rate") to the one of the module that defines
        the object ("opgd.rates.fit_rate").
    """
    places = {}
    for module in modules:
        for name in module.names:
            places[f"{module.name}.{name}"] = module.imported.get(name, f"{module.name}.{name}")
    for name, place in places.items():
        while places.get(place, place) != place:
            place = places[place]
        # an object whose own module does not list it is documented where it is public
        places[name] = place if place in places else name
    return places


def _listed(tree: ast.Module) -> tuple[str, ...]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            return tuple(ast.literal_eval(node.value))
    return ()


def _imported(tree: ast.Module, package: str) -> dict[str, str]:
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package
        for alias in node.names
    }
