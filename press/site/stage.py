"""Write the source tree of the site: pages made of executed notebooks, prose and evidence."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from press.evidence.measurements import part
from press.pages import ledger, pictures, speed
from press.pages.expand import Evidence, expand
from press.pages.made_by import annotate
from press.pages.provenance import banner, changes, provenance
from press.run.disk.written import read_text
from press.run.outputs import LEDGER
from press.run.parameters import Contract, read_parameters
from press.run.profiles import DEFAULT
from press.run.project import Project
from press.site import api
from press.site.exports import public_modules, public_names

__all__ = ["fold", "page", "stage"]

_SEEN_AS_IT_IS = {"parameters", "remove-input", "remove-cell", "hide-input", "hide-cell"}


def stage(project: Project, site: Path) -> None:
    """Fill a directory with the source of the site; what is there is removed.

    The chapters have been executed and the ledger collected. A missing notebook, chapters of different
    profiles, and what a page asks for and there is not, are ValueErrors.
    """
    shutil.rmtree(site, ignore_errors=True)
    (site / "downloads").mkdir(parents=True)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(project.root / name, site)
    shutil.copytree(project.book / "assets", site / "assets")
    for bibliography in project.book.glob("*.bib"):
        shutil.copy(bibliography, site)
    notebooks = {chapter: _executed(project, chapter) for chapter in project.chapters()}
    profiles = {chapter: notebook["metadata"]["press"]["profile"] for chapter, notebook in notebooks.items()}
    if len(set(profiles.values())) > 1:
        raise ValueError(f"the chapters were executed with different profiles: {profiles}")
    warning = banner(next(iter(profiles.values()), DEFAULT))
    names = public_names(public_modules(project.root, project.setting("library")))
    pages = project.pages()
    reference = api.PAGE in pages
    evidence = Evidence(project, notebooks, pages)
    for name in pages:
        if name in notebooks:
            shutil.copy(project.executed / f"{name}.ipynb", site / "downloads")
            parameters = read_parameters(project.source(name))
            annotate(notebooks[name], name, names, list(parameters), linked=reference)
            text = json.dumps(page(notebooks[name], parameters, evidence), indent=1, ensure_ascii=False)
            (site / f"{name}.ipynb").write_text(text + "\n", encoding="utf-8")
        else:
            text = expand(read_text(project.book / f"{name}.md"), evidence, name)
            (site / f"{name}.md").write_text(_below_title(text, warning), encoding="utf-8")
    if evidence.rows:
        _draw(pictures.draw_ledger, evidence.rows, site / ledger.PICTURE, project)
    if evidence.speed and part(evidence.speed, "growth"):
        _draw(pictures.draw_growth, part(evidence.speed, "growth"), site / speed.PICTURE, project)
    if reference:
        api.stage_api(project, site)


def _draw(draw: Callable[..., None], rows: Sequence[Any], path: Path, project: Project) -> None:
    """Draw a picture, or take the last site's if that was made of the same."""
    last = project.build / "site" / path.name
    if last.is_file() and pictures.made_of(rows).encode() in last.read_bytes():
        shutil.copy(last, path)
    else:
        draw(rows, path)


def _executed(project: Project, chapter: str) -> dict[str, Any]:
    path = project.executed / f"{chapter}.ipynb"
    if not path.is_file():
        raise ValueError(f"chapter {chapter!r} has not been executed: {path} does not exist")
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def page(notebook: dict[str, Any], parameters: Contract, evidence: Evidence) -> dict[str, Any]:
    """Turn an executed notebook (parsed JSON, changed in place) and what its chapter declares into a page.

    Code is folded, rows of the ledger are not shown, evidence is expanded; a banner stands on top, and at the
    end how the page was made.
    """
    press = notebook["metadata"]["press"]
    chapter = press["chapter"]
    number = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            fold(cell, number := number + 1)
            cell["outputs"] = [o for o in cell["outputs"] if LEDGER not in o.get("data", {})]
        elif cell["cell_type"] == "markdown":
            cell["source"] = expand("".join(cell["source"]), evidence, chapter)
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    made_with = changes(parameters, press["parameters"])
    first["source"] = _below_title(first["source"], banner(press["profile"], made_with))
    text = provenance(press, parameters, f"downloads/{chapter}.ipynb")
    notebook["cells"].append({"cell_type": "markdown", "id": "provenance", "metadata": {}, "source": text})
    return notebook


def fold(cell: dict[str, Any], number: int) -> None:
    """Fold the input of the code cell with this number, unless its tags say already how it is shown.

    The fold says what it holds. The cell of parameters stays open: it says what can be changed.

    >>> cell = {"cell_type": "code", "metadata": {"table": {"name": "tab-first"}}, "source": "table(rows)"}
    >>> fold(cell, 7)
    >>> cell["metadata"]["tags"], cell["metadata"]["mystnb"]["code_prompt_show"]
    (['hide-input'], 'Code of this table (cell 7)')
    """
    tags = cell["metadata"].setdefault("tags", [])
    if not _SEEN_AS_IT_IS.intersection(tags):
        tags.append("hide-input")
    options = cell["metadata"].setdefault("mystnb", {})
    text = f"{_content(cell)} (cell {number})"
    options |= {"code_prompt_show": text, "code_prompt_hide": text}


def _content(cell: Mapping[str, Any]) -> str:
    """Say what a code cell is for."""
    metadata, source = cell["metadata"], "".join(cell["source"])
    if metadata["mystnb"].get("figure"):
        return "Code of this figure"
    if metadata.get("table"):
        return "Code of this table"
    if re.search(r"^ *assert\b", source, re.MULTILINE):
        return "Proof by sympy" if re.search(r"\b(sp|sympy)\.", source) else "Check"
    return "Code"


def _below_title(text: str, addition: str) -> str:
    """Insert text after the first line that is a `#` heading."""
    if not addition:
        return text
    lines = text.splitlines()
    title = next(number for number, line in enumerate(lines) if line.startswith("# "))
    return "\n".join([*lines[: title + 1], "", addition, *lines[title + 1 :]]) + "\n"
