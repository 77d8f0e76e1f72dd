"""Stage the site from executed notebooks, build it with Jupyter Book, and put it into place at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from press.build.lock import replace
from press.chapter.record import MIME, Row
from press.evidence import long_runs
from press.evidence.measurements import COMMITTED, part, read_report
from press.evidence.sources import check_source
from press.evidence.statements import FOLDER
from press.pages import growth
from press.pages.made_by import annotate, reproduced
from press.pages.provenance import banner, provenance
from press.pages.status import measure
from press.pages.summary import draw
from press.run.environment import commit
from press.run.parameters import read_parameters
from press.run.profiles import DEFAULT
from press.run.project import Project
from press.site.api import PAGE, stage_api
from press.site.byline import fold
from press.site.exports import public_modules, public_names
from press.site.policy import protect_book

__all__ = ["SiteFailed", "build", "stage"]

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
"""Its command line; the package has no `__main__`, and a script's first line does not survive a move."""


_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class SiteFailed(Exception):
    """Jupyter Book found an error or a warning; the message holds them."""


def stage(project: Project, site: Path) -> None:
    """Write the source tree of the site.

    Parameters
    ----------
    project : Project
        The book; its chapters have been executed and its ledger collected.
    site : pathlib.Path
        Directory to fill; what is there is removed.

    Raises
    ------
    ValueError
        If an executed notebook is missing or the chapters were executed with different profiles.
    """
    shutil.rmtree(site, ignore_errors=True)
    (site / "downloads").mkdir(parents=True)
    for name in ("_config.yml", "_toc.yml", "CITATION.cff"):
        shutil.copy(project.root / name, site)
    shutil.copytree(project.book / "assets", site / "assets")
    for bibliography in project.book.glob("*.bib"):
        shutil.copy(bibliography, site)
    shutil.copy(project.ledger, site / "ledger.json")
    for name in ("statements.toml", long_runs.FILE):
        if (project.evidence / name).is_file():
            shutil.copy(project.evidence / name, site)
    if project.theory.is_file():
        shutil.copy(project.theory, site)
        shutil.copytree(
            project.root / FOLDER, site / FOLDER.name, ignore=shutil.ignore_patterns("__pycache__")
        )
    profiles: dict[str, str] = {}
    chapters = project.chapters()
    names = public_names(public_modules(project.root, "opgd"))
    has_reference = PAGE in project.pages()
    notebooks: dict[str, Any] = {}
    places: dict[str, tuple[str, str]] = {}
    for chapter in chapters:
        path = project.executed / f"{chapter}.ipynb"
        if not path.is_file():
            raise ValueError(f"chapter {chapter!r} has not been executed: {path} does not exist")
        shutil.copy(path, site / "downloads")
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebooks[chapter] = json.loads(path.read_text(encoding="utf-8"))
        profiles[chapter] = notebook["metadata"]["press"]["profile"]
        for item, place in reproduced(notebook).items():
            places.setdefault(item, (chapter, place))
        parameters = list(read_parameters(project.source(chapter)))
        annotate(notebook, chapter, names, parameters, linked=has_reference)
        text = json.dumps(page(project, chapter, notebook), indent=1, ensure_ascii=False)
        (site / f"{chapter}.ipynb").write_text(text + "\n", encoding="utf-8")
    if len(set(profiles.values())) > 1:
        raise ValueError(f"the chapters were executed with different profiles: {profiles}")
    profile = next(iter(profiles.values()), DEFAULT)
    for name in project.pages():
        if name not in chapters:
            text = (project.book / f"{name}.md").read_text(encoding="utf-8")
            (site / f"{name}.md").write_text(_below_title(text, banner(profile)), encoding="utf-8")
    _stage_results(project, site, notebooks, places)
    if has_reference:
        stage_api(project, site, notebooks)


def _stage_results(
    project: Project, site: Path, notebooks: Mapping[str, Any], places: Mapping[str, tuple[str, str]]
) -> None:
    """Write what the pages of the ledger, the checks and the status are made from."""
    rows: list[Row] = json.loads(project.ledger.read_text(encoding="utf-8"))
    checks = {row["check"]: check_source(project.root, row["check"]) for row in rows}
    status = measure(notebooks, project.root / "requirements.lock", commit(project.root))
    for name, data in {"places": places, "check-sources": checks, "status": status}.items():
        (site / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    if rows:
        draw(rows, site / "ledger.png")
    if (project.evidence / COMMITTED).is_file():
        report = read_report(project.evidence / COMMITTED)
        shutil.copy(project.evidence / COMMITTED, site)
        if part(report, "growth"):
            growth.draw(part(report, "growth"), site / "growth.png")


def page(project: Project, chapter: str, notebook: dict[str, Any]) -> dict[str, Any]:
    """Turn an executed notebook into a page: no ledger outputs, code folded, a banner, provenance at the end.

    Parameters
    ----------
    project : Project
        The book.
    chapter : str
        The chapter's name.
    notebook : dict
        The executed notebook, as parsed JSON; it is changed in place.

    Returns
    -------
    dict
        The page.
    """
    press = notebook["metadata"]["press"]
    for cell in notebook["cells"]:
        fold(cell)
        if cell["cell_type"] == "code":
            cell["outputs"] = [o for o in cell["outputs"] if MIME not in o.get("data", {})]
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    first["source"] = _below_title("".join(first["source"]), banner(press["profile"]))
    text = provenance(press, read_parameters(project.source(chapter)), f"downloads/{chapter}.ipynb")
    notebook["cells"].append({"cell_type": "markdown", "id": "provenance", "metadata": {}, "source": text})
    return notebook


def build(project: Project) -> None:
    """Build the HTML of the staged site; `_build/html` is the old book or the new one, never a part.

    Parameters
    ----------
    project : Project
        The book.

    Raises
    ------
    SiteFailed
        If Jupyter Book reports an error or a warning; the book in place is left as it is.
    """
    site = project.build / "site"
    stage(project, site)
    with tempfile.TemporaryDirectory(dir=project.build, prefix="render-") as scratch:
        command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(site), "--path-output", scratch]
        done = subprocess.run(
            [*command, "-W", "-n", "--keep-going", "-q"],
            cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        fresh = Path(scratch) / "_build" / "html"
        missing = [name for name in project.pages() if not (fresh / f"{name}.html").is_file()]
        if done.returncode or missing:
            lines = _ANSI.sub("", done.stdout).replace(f"{site}{os.sep}", "").splitlines()
            told = [line for line in lines if re.search(r"WARNING|ERROR|CRITICAL", line)] or lines[-40:]
            raise SiteFailed(
                "\n".join(["the site did not build:", *told, *(f"no page {m}" for m in missing)])
            )
        _delay_previews(fresh)
        protect_book(fresh)
        replace(fresh, project.html)


def _delay_previews(html: Path) -> None:
    """Let the figures in previews of links load when they are looked at, not with the page."""
    for path in (html / "_static" / "tippy").rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("<img ", '<img loading=\\"lazy\\" '), encoding="utf-8")


def _below_title(text: str, addition: str) -> str:
    """Insert text after the first line that is a `#` heading."""
    if not addition:
        return text
    lines = text.splitlines()
    title = next(number for number, line in enumerate(lines) if line.startswith("# "))
    return "\n".join([*lines[: title + 1], "", addition, *lines[title + 1 :]]) + "\n"
