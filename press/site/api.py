"""The API reference: one page for each module with public names, and what links pages and functions.

The pages hold `automodule` directives; Sphinx fills them from the docstrings (`press.site.sphinx_api`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from press.pages.lineage import code_cells, imported_names
from press.run.project import Project
from press.site.exports import Module, public_modules, public_names

__all__ = ["PAGE", "stage_api"]

PAGE = "api"
"""The page in `book/` that introduces the reference; a book without it has none."""
NAMES = "names.json"


def stage_api(project: Project, site: Path, notebooks: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the pages of the reference and the table of names into a staged site.

    Parameters
    ----------
    project : Project
        The book.
    site : pathlib.Path
        The staged site; its pages and `_toc.yml` are there already.
    notebooks : mapping of str to notebook
        The executed chapters, as parsed JSON.
    """
    opgd, press = (public_modules(project.root, package) for package in ("opgd", "press"))
    names = public_names(opgd)
    (site / PAGE).mkdir()
    for module in opgd:
        (site / PAGE / f"{_slug(module)}.rst").write_text(_module_page(module), encoding="utf-8")
    (site / PAGE / "press.rst").write_text(_press_page(press), encoding="utf-8")
    with (site / f"{PAGE}.md").open("a", encoding="utf-8") as page:
        page.write(_overview(opgd, names))
    _extend_contents(site / "_toc.yml", [f"{PAGE}/{_slug(module)}" for module in opgd] + [f"{PAGE}/press"])

    top = {name.rpartition(".")[2]: place for name, place in names.items() if name.count(".") == 1}
    pages = {
        chapter: imported_names([cell.source for cell in code_cells(notebook)], names)
        for chapter, notebook in notebooks.items()
    }
    used_in: dict[str, list[str]] = {}
    for chapter, here in pages.items():
        for place in dict.fromkeys(here.values()):
            used_in.setdefault(place, []).append(chapter)
    for module in opgd:
        own = {name: names[f"{module.name}.{name}"] for name in module.names}
        taken = {name: names[place] for name, place in module.imported.items() if place in names}
        pages[f"{PAGE}/{_slug(module)}"] = taken | own
    table = {
        "anywhere": names | top | {module.name: module.name for module in opgd[1:]},
        "pages": pages,
        "used in": used_in,
    }
    (site / NAMES).write_text(json.dumps(table, indent=1), encoding="utf-8")


def _slug(module: Module) -> str:
    return module.name.replace(".", "-")


def _module_page(module: Module) -> str:
    own = [name for name in module.names if name not in module.imported]
    lines = [f"``{module.name}``", "=" * (len(module.name) + 4), "", f".. automodule:: {module.name}"]
    if own:
        lines += [f"   :members: {', '.join(own)}", "   :member-order: bysource", "   :no-value:"]
        lines += ["   :inherited-members: object"]
    if module.imported:
        taken = ", ".join(f"``{name}``" for name in module.names if name in module.imported)
        lines += ["", f"It also offers the names of its modules: {taken}."] if taken else []
    return "\n".join([*lines, ""])


def _press_page(modules: list[Module]) -> str:
    lines = ["``press``", "=========", "", ".. automodule:: press", "   :members: Row, record", ""]
    lines += ["Its modules are not meant for chapters:", ""]
    lines += [f"- ``{m.name}``: {m.summary.replace('`', '``')}." for m in modules if m.name != "press"]
    return "\n".join([*lines, ""])


def _overview(modules: list[Module], names: dict[str, str]) -> str:
    """List what `from opgd import ...` offers, and the modules."""
    lines = ["", "## Names", "", "| name | defined in |", "| --- | --- |"]
    package = modules[0]
    for name in package.names:
        place = names[f"{package.name}.{name}"]
        lines.append(f"| `{name}` | `{place.rpartition('.')[0]}` |")
    lines += ["", "## Modules", "", "| module | what it is |", "| --- | --- |"]
    lines += [f"| `{module.name}` | {module.summary.replace('|', '&#124;')} |" for module in modules[1:]]
    lines += [
        "",
        "The pages are made by `press`, whose only name for chapters is {py:func}`press.record`.",
        "",
    ]
    return "\n".join(lines)


def _extend_contents(path: Path, pages: list[str]) -> None:
    """Put the pages below that of the reference in the table of contents."""
    contents = yaml.safe_load(path.read_text(encoding="utf-8"))
    open_ones: list[Any] = [contents]
    while open_ones:
        node = open_ones.pop()
        if isinstance(node, dict) and node.get("file") == PAGE:
            node["sections"] = [{"file": page} for page in pages]
        open_ones += node if isinstance(node, list) else node.values() if isinstance(node, dict) else []
    path.write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")
