"""Chapters as source: in jupytext's form, prose wrapped, code linted and formatted like the rest."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

from press.build.tidy import faults
from press.run.project import Project

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = Project(ROOT).chapters()
MYST = {"extension": ".md", "format_name": "myst"}
WIDTH = 120


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_stored_as_jupytext_writes_it(name: str) -> None:
    text = (ROOT / "book" / f"{name}.md").read_text(encoding="utf-8")
    assert jupytext.writes(jupytext.reads(text, fmt=MYST), fmt=MYST) == text


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.md")), ids=lambda path: path.stem)
def test_prose_is_wrapped(path: Path) -> None:
    cells = jupytext.read(path, fmt=MYST).cells
    lines = [line for c in cells if c.cell_type == "markdown" for line in c.source.splitlines()]
    formula, wide = False, []
    for line in lines:
        formula ^= line.count("$$") % 2 == 1
        verbatim = formula or "$$" in line or line.lstrip().startswith(("|", "<", "```{"))
        if len(line) > WIDTH and not verbatim and " " in line[:WIDTH].strip():
            wide.append(line)
    assert wide == []


def test_code_is_linted_and_formatted() -> None:
    assert faults(Project(ROOT)) == ""
