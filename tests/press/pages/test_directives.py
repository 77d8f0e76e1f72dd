"""The directives and roles of the pages, through Sphinx."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from press.evidence.long_runs import FILE
from press.evidence.measurements import COMMITTED, part, read_report
from press.pages import growth
from press.pages.speed import NOT_MEASURED, PARTS

BOOK = Path(__file__).resolve().parents[3] / "book"


def render(folder: Path, text: str, extension: str) -> tuple[str, str]:
    """Return a page as plain text, and what Sphinx warned of."""
    (folder / "index.rst").write_text(f"Page\n====\n\n{text}\n", encoding="utf-8")
    warnings = io.StringIO()
    with docutils_namespace():
        app = Sphinx(
            folder,
            None,
            folder / "out",
            folder / "trees",
            "dummy",
            confoverrides={"extensions": [extension], "numfig": True},
            status=None,
            warning=warnings,
            freshenv=True,
        )
        app.build()
        return app.env.get_doctree("index").astext(), warnings.getvalue()


def test_every_part_of_the_speed_page(tmp_path: Path) -> None:
    text = "\n\n".join(f".. speed:: {name}" for name in PARTS)
    assert render(tmp_path, text, "press.pages.speed")[0].count(NOT_MEASURED) == len(
        PARTS
    )  # there is no report
    shutil.copy(BOOK / COMMITTED, tmp_path)
    report = read_report(BOOK / COMMITTED)
    growth.draw(part(report, "growth"), tmp_path / "growth.png")
    shown, warned = render(tmp_path, text, "press.pages.speed")
    assert warned == ""
    told = " ".join(shown.split())
    assert all(
        caption in told for caption in ("The machine, the versions", "Growth: slopes", "Building the book.")
    )
    assert "CPU time of one call against the number of components" in told


def test_a_part_that_there_is_not(tmp_path: Path) -> None:
    _, warned = render(tmp_path, ".. speed:: colour", "press.pages.speed")
    assert "'colour'; allowed: machine, races" in warned


@pytest.mark.parametrize(
    ("text", "shown", "told"),
    [
        (":long:`first total`", "7 wins", ""),
        (":long:`first gone`", "", "no result 'gone'"),
        (":long:`second total`", "", "there are first"),
    ],
)
def test_a_result_of_a_long_run(tmp_path: Path, text: str, shown: str, told: str) -> None:
    assert "long: " in render(tmp_path, text, "press.evidence.long_runs")[1]  # nothing is kept
    kept = {"first": {"results": {"total": "7 wins"}}}
    (tmp_path / FILE).write_text(json.dumps(kept), encoding="utf-8")
    page, warned = render(tmp_path, text, "press.evidence.long_runs")
    assert shown in page and told in warned and bool(told) == bool(warned)
