"""Chapters as source: stored as jupytext writes them, their code linted and formatted as the rest is."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat

from press.run.disk.files import write_atomically
from press.run.disk.written import read_text
from press.run.notebook import clean_notebook, dump
from press.run.project import Project

__all__ = ["CODE_WIDTH", "faults", "tidy"]

CODE_WIDTH = 100
"""The most characters in a line of code."""
_MYST = {"extension": ".md", "format_name": "myst"}


def faults(project: Project) -> str:
    """Return what ruff, by the rules of the project, says of the chapters' code; empty if nothing."""
    with tempfile.TemporaryDirectory() as folder:
        _write(project, Path(folder))
        said = [_ruff(project, *c, folder) for c in (["check", "--quiet"], ["format", "--check", "--quiet"])]
    return "".join(said)


def tidy(project: Project) -> list[str]:
    """Mend what ruff can mend, store chapters as jupytext writes them, and list those that changed."""
    changed = []
    with tempfile.TemporaryDirectory() as folder:
        _write(project, Path(folder))
        _ruff(project, "check", "--fix", "--quiet", folder)
        _ruff(project, "format", "--quiet", folder)
        for name in project.chapters():
            path = project.source(name)
            before = read_text(path)
            notebook = jupytext.reads(before, fmt=_MYST)
            mended = json.loads((Path(folder) / f"{name}.ipynb").read_text(encoding="utf-8"))
            for cell, new in zip(notebook.cells, mended["cells"], strict=True):
                if cell.cell_type == "code":
                    cell.source = "".join(new["source"])
            after = jupytext.writes(nbformat.from_dict(notebook), fmt=_MYST)  # type: ignore[no-untyped-call]
            if after != before:
                write_atomically(path, after)
                changed.append(name)
    return changed


def _write(project: Project, folder: Path) -> None:
    for name in project.chapters():
        (folder / f"{name}.ipynb").write_text(dump(clean_notebook(project.source(name))), encoding="utf-8")


def _ruff(project: Project, *arguments: str) -> str:
    """Run ruff with the project's rules; return what it says."""
    rules = ["pyproject.toml", f"line-length = {CODE_WIDTH}", f"src = ['{project.root}']"]
    configured = [word for rule in rules for word in ("--config", rule)]
    command = [sys.executable, "-m", "ruff", arguments[0], "--no-cache", *configured, *arguments[1:]]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
