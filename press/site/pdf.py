"""The whole book as one PDF: Sphinx writes LaTeX, pdflatex sets it. Not part of the book's build."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from press.run.project import Project
from press.site.html import JUPYTER_BOOK, SiteFailed
from press.site.stage import stage

__all__ = ["build_pdf", "for_paper", "missing_packages"]

NAME = "book.pdf"
FRONT = "front"
COMMANDS = {"pdflatex": "texlive-latex-base", "latexmk": "latexmk", "kpsewhich": "texlive-binaries"}
FILES = {
    "tgtermes.sty": "tex-gyre",
    "fncychap.sty": "texlive-latex-extra",
    "framed.sty": "texlive-latex-extra",
    "txtt.tfm": "texlive-fonts-recommended",
    "pzdr.tfm": "texlive-fonts-recommended",
    "babel.sty": "texlive-latex-base",
    "fancyvrb.sty": "texlive-latex-recommended",
}
"""Commands, style files and fonts that the LaTeX of Sphinx asks for, with the Debian package of each."""

_LATEX_ERROR = re.compile(r"^(?:! .*|.*:\d+: .*)(?:\n.*){0,2}", re.MULTILINE)


def missing_packages() -> list[str]:
    """Name the Debian packages without which the PDF cannot be made here, in alphabetical order."""
    missing = {package for command, package in COMMANDS.items() if shutil.which(command) is None}
    if "texlive-binaries" in missing:
        return sorted({*missing, *FILES.values()})
    for name, package in FILES.items():
        found = subprocess.run(["kpsewhich", name], stdout=subprocess.DEVNULL, check=False)
        if found.returncode:
            missing.add(package)
    return sorted(missing)


def for_paper(site: Path) -> None:
    """Turn a staged site, in place, into the source of a printed book.

    The folded code goes: paper cannot be unfolded, and the code is in the notebooks. The first page, which
    holds the table of contents of the site, becomes a chapter like the others, number 0, so that all other
    numbers are those of the site.
    """
    for path in site.glob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            tags = cell["metadata"].get("tags", [])
            cell["metadata"]["tags"] = ["remove-input" if tag == "hide-input" else tag for tag in tags]
        path.write_text(json.dumps(notebook), encoding="utf-8")
    contents = yaml.safe_load((site / "_toc.yml").read_text(encoding="utf-8"))
    first = contents["parts"][0] if "parts" in contents else contents
    first["chapters"].insert(0, {"file": contents["root"]})
    contents["root"] = FRONT
    (site / "_toc.yml").write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")
    title = yaml.safe_load((site / "_config.yml").read_text(encoding="utf-8"))["title"]
    (site / f"{FRONT}.md").write_text(f"# {title}\n", encoding="utf-8")


def build_pdf(project: Project) -> Path:
    """Make `_build/book.pdf` from the executed chapters; it is the old file or the new one, never a part.

    A missing package of LaTeX is a ValueError that says how to install it; an error of Sphinx or LaTeX is a
    SiteFailed.
    """
    if missing := missing_packages():
        raise ValueError(f"the PDF needs LaTeX; Debian and Ubuntu: apt install {' '.join(missing)}")
    with tempfile.TemporaryDirectory(dir=project.build, prefix="pdf-") as scratch:
        site = Path(scratch) / "site"
        stage(project, site)
        for_paper(site)
        book = [sys.executable, "-c", JUPYTER_BOOK, "build", str(site), "--path-output", scratch]
        _run(
            [*book, "--builder", "latex", "-W", "-n", "--keep-going", "-q"],
            project.root,
            r".*(?:WARNING|ERROR).*",
        )
        latex = Path(scratch) / "_build" / "latex"
        command = [
            "latexmk",
            "-pdf",
            "-interaction=nonstopmode",
            "-halt-on-error",
            "-file-line-error",
            "book.tex",
        ]
        _run(command, latex, _LATEX_ERROR.pattern)
        place = project.build / NAME
        os.replace(latex / "book.pdf", place)
    return place


def _run(command: list[str], directory: Path, errors: str) -> None:
    done = subprocess.run(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )  # fmt: skip
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace")
        told = re.findall(errors, said, re.MULTILINE) or said.splitlines()[-40:]
        raise SiteFailed("\n".join(["the PDF was not made:", *told[:40]]))
