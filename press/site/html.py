"""Build the staged site with Jupyter Book as far as it changed, and put the book into place at once."""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from press.run.disk.files import replace
from press.run.environment import interpreter
from press.run.project import HOME, Project
from press.site import crate
from press.site.policy import BOOK, protect
from press.site.repairs.accessibility import mend
from press.site.repairs.images import sized
from press.site.search import INDEX, SEARCH, index, sections, with_own_search
from press.site.stage import stage

__all__ = ["JUPYTER_BOOK", "SiteFailed", "build", "outline"]

JUPYTER_BOOK = "import gc, press; gc.set_threshold(200_000); from jupyter_book.cli.main import main; main()"
"""Its command line; the package has no `__main__`, and a script's first line does not survive a move.

Pages are trees of many objects, in which Python would look for garbage all the time: a tenth of the work.
"""
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_OUTLINE = re.compile(
    r"^\s*#{1,6} .*$|^\([^)\s]+\)=|:(?:name|label): *\S+|^\s*`{3,}\{[\w:-]+\}|^\s*:{3,}\{[\w:-]+\}"
    r"|\$\$ *\(\S+\)|^\s*\$\$|\{glue:\w+\}|\\(?:begin|end)\{[a-z]+\*?\}",
    re.MULTILINE,
)


class SiteFailed(Exception):
    """Jupyter Book found an error or a warning; the message holds them."""


def build(project: Project) -> None:
    """Build the HTML of the site; `_build/html` is the old book or the new one, never a part.

    An error or a warning of Jupyter Book is a SiteFailed. Sphinx keeps its state in `_build/render`: pages
    whose text changed are rendered again, with those that refer to them. What can change every page (see
    `_shared`) lets everything be rendered again; so does a failure.
    """
    site, render = project.build / "site", project.build / "render"
    with tempfile.TemporaryDirectory(dir=project.build, prefix="render-") as scratch:
        stage(project, Path(scratch))
        shared, before = _shared(project, Path(scratch)), render / "shared"
        if not before.is_file() or before.read_bytes() != shared.encode():
            shutil.rmtree(render, ignore_errors=True)
        _synchronise(Path(scratch), site)
    before.unlink(missing_ok=True)  # until all is well
    _jupyter_book(project, site, render)
    _publish(render / "_build" / "html", project)
    before.write_text(shared, encoding="utf-8")


def outline(text: str) -> list[str]:
    """Return what other pages may show or count of a page: headings, labels, what has a number."""
    return [found.strip() for found in _OUTLINE.findall(text)]


def _shared(project: Project, site: Path) -> str:
    """Identify what every page may depend on.

    Settings, contents, bibliography, scripts and styles, the code that makes pages, what the library offers,
    the packages, and the outline of each page, of which numbers and the texts of links are made.
    """
    digest = hashlib.sha256(interpreter().encode())
    code = [path for room in ("pages", "site") for path in (HOME / "press" / room).rglob("*.py")]
    files = [
        *site.glob("*.yml"),
        *site.glob("*.bib"),
        *(site / "assets").rglob("*"),
        *site.glob("api/*"),
        *code,
    ]
    for path in [*sorted(p for p in files if p.is_file()), project.root / "requirements.lock"]:
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    for path in _pages(site):
        digest.update(json.dumps([path.name, outline(_prose(path))]).encode())
    return digest.hexdigest()


def _pages(site: Path) -> list[Path]:
    return sorted([*site.glob("*.md"), *site.glob("*.ipynb")])


def _prose(path: Path) -> str:
    """The text of a page; of a notebook with the options of its cells, which name and caption figures."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    parts = []
    for cell in json.loads(text)["cells"]:
        figure = cell["metadata"].get("mystnb", {}).get("figure", {})
        shown = [o.get("data", {}).get("text/markdown", "") for o in cell.get("outputs", [])]
        source = cell["source"] if cell["cell_type"] == "markdown" else ""
        parts += ["".join(source), *("".join(one) for one in shown)]
        parts += [f":name: {figure['name']}"] if figure.get("name") else []
    return "\n".join(parts)


def _synchronise(fresh: Path, site: Path) -> None:
    """Make one tree equal to another, touching only files that differ."""
    wanted = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    for path in [p for p in site.rglob("*") if p.is_file() and p.relative_to(site) not in wanted]:
        path.unlink()
    for name in sorted(wanted):
        place = site / name
        if not place.is_file() or not filecmp.cmp(fresh / name, place, shallow=False):
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(fresh / name, place)


def _jupyter_book(project: Project, site: Path, render: Path) -> None:
    """Run Jupyter Book; after a failure its state goes, so that no warning is told once only."""
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(site), "--path-output", str(render)]
    done = subprocess.run(
        [*command, "-W", "-n", "--keep-going", "-q"],
        cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    html = render / "_build" / "html"
    missing = [name for name in project.pages() if not (html / f"{name}.html").is_file()]
    if done.returncode or missing:
        shutil.rmtree(render, ignore_errors=True)
        lines = _ANSI.sub("", done.stdout).replace(f"{site}{os.sep}", "").splitlines()
        told = [line for line in lines if re.search(r"WARNING|ERROR|CRITICAL", line)] or lines[-40:]
        raise SiteFailed("\n".join(["the site did not build:", *told, *(f"no page {m}" for m in missing)]))


def _publish(raw: Path, project: Project) -> None:
    """Finish the pages that changed since the last time, and put the book into place.

    `finished.json` holds for each page the digests of what Sphinx wrote and of the finished page, and what
    the search knows of it.
    """
    record = raw.parents[1] / "finished.json"
    try:
        before = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is none, or it is damaged: all pages are finished again
        before = {}
    after: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=project.build, prefix="render-") as scratch:
        fresh = Path(scratch) / "html"
        shutil.copytree(raw, fresh, ignore=shutil.ignore_patterns(".doctrees"))
        for path in sorted(fresh.rglob("*.html")):
            name = path.relative_to(fresh).as_posix()
            if name.startswith("_static/"):
                continue
            text, old, row = path.read_text(encoding="utf-8"), project.html / name, before.get(name, {})
            done = old.read_text(encoding="utf-8") if old.is_file() else ""
            if (row.get("raw"), row.get("finished")) != (_digest(text), _digest(done)):
                mended = mend(with_own_search(text) if name == SEARCH else text)
                done = protect(sized(mended, path.parent), BOOK)
                row = {"raw": _digest(text), "finished": _digest(done), "sections": sections(text, name)}
            path.write_text(done, encoding="utf-8")
            after[name] = row
        for path in (fresh / "_static" / "tippy").rglob("*.js"):  # figures in previews load when looked at
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("<img ", '<img loading=\\"lazy\\" '), encoding="utf-8")
        (fresh / INDEX).write_text(index(part for row in after.values() for part in row["sections"]), "utf-8")
        about = json.dumps(crate.crate(project, fresh), indent=1, ensure_ascii=False)
        (fresh / crate.NAME).write_text(about + "\n", encoding="utf-8")
        record.unlink(missing_ok=True)
        replace(fresh, project.html)
    record.write_text(json.dumps(after), encoding="utf-8")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
