"""What chapters there are, what parameters they take, and what running them costs."""

from __future__ import annotations

import json

from tabulate import tabulate  # type: ignore[import-untyped]

from press.evidence.reference import read_reference
from press.pages.provenance import parameter_rows
from press.run.execute import clean_notebook
from press.run.parameters import read_parameters
from press.run.project import Project

__all__ = ["cost", "describe", "overview"]


def overview(project: Project) -> str:
    """List names, titles, numbers of parameters and recorded times of the chapters."""
    rows = [
        [name, _title(project, name), str(len(read_parameters(project.source(name)))), cost(project, name)]
        for name in project.chapters()
    ]
    headers = ["Chapter", "Title", "Parameters", "Time"]
    return str(tabulate(rows, headers, tablefmt="simple", disable_numparse=True))


def describe(project: Project, chapter: str) -> str:
    """Describe a chapter: its title and recorded time, and a table of its parameters.

    A chapter that there is not is a ValueError.
    """
    parameters = read_parameters(project.source(chapter))
    rows = [[name, kind, default, allowed, text] for name, _, kind, default, allowed, text in
            parameter_rows(parameters, {name: p.default for name, p in parameters.items()})]  # fmt: skip
    headers = ["Name", "Type", "Default", "Allowed", "Meaning"]
    table = tabulate(
        rows, headers, tablefmt="simple", disable_numparse=True, maxcolwidths=[None, None, 34, None, 50]
    )
    parts = [
        f"{chapter}: {_title(project, chapter)}\nTime: {cost(project, chapter)}",
        str(table),
        "\n".join(f"required: {relation.text}" for relation in parameters.relations),
    ]
    return "\n\n".join(part for part in parts if part)


def cost(project: Project, chapter: str) -> str:
    """Say how long the last execution took and where, else about how long it took for the reference.

    Without either it is "not recorded".
    """
    path = project.executed / f"{chapter}.ipynb"
    if path.is_file():
        press = json.loads(path.read_text(encoding="utf-8"))["metadata"]["press"]
        return f"{press['seconds']:.0f} s (profile {press['profile']}, {press['machine']})"
    known = read_reference(project)["chapters"] if project.reference.is_file() else {}
    return f"about {known[chapter]['seconds']} s" if chapter in known else "not recorded"


def _title(project: Project, chapter: str) -> str:
    cells = clean_notebook(project.source(chapter)).cells
    lines = [line for cell in cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    return next((line[2:].strip() for line in lines if line.startswith("# ")), "")
