"""Build the staged site with Jupyter Book, and put it into place at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from press.build.lock import replace
from press.run.project import Project
from press.site.policy import protect_book
from press.site.stage import stage

__all__ = ["JUPYTER_BOOK", "SiteFailed", "build"]

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
"""Its command line; the package has no `__main__`, and a script's first line does not survive a move."""
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class SiteFailed(Exception):
    """Jupyter Book found an error or a warning; the message holds them."""


def build(project: Project) -> None:
    """Build the HTML of the site; `_build/html` is the old book or the new one, never a part.

    An error or a warning of Jupyter Book is a SiteFailed.
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
