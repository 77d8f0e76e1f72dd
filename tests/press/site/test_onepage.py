"""One chapter as one HTML file, and the command line that writes it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
import pytest

from press.__main__ import main
from press.run.project import Project
from press.site.html import SiteFailed
from press.site.onepage import _contain, onepage

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
TEXT = r"""# First page

A formula $x^2$, a citation {cite}`li2024improving`, {doc}`second`, {eq}`eq-elsewhere`, {numref}`fig-first`.
"""
OPTIONS = {
    "figure": {"name": "fig-first", "caption": "Powers."},
    "image": {"alt": "A line through the powers."},
}
PRESS = {
    "chapter": "first",
    "profile": "smoke",
    "parameters": {"count": 4, "power": 2.0, "names": ["a"], "seed": 0},
    "started": "2026-01-02T03:04:05+00:00",
    "seconds": 1.0,
    "machine": "x",
    "versions": {},
    "commit": "unknown",
}


def write(book: Project, text: str = TEXT) -> Path:
    image = v4.new_output("display_data", data={"image/png": PIXEL, "text/plain": "figure"})
    cells = [
        v4.new_markdown_cell(text),
        v4.new_code_cell("draw()", outputs=[image], metadata={"mystnb": OPTIONS}, execution_count=1),
    ]
    path = book.root / "out.ipynb"
    path.write_text(json.dumps(v4.new_notebook(cells=cells, metadata={"press": PRESS})), encoding="utf-8")
    return path


def test_the_page_needs_no_other_file_and_no_host(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(book.root)
    entry = "@article{li2024improving, title={T}, author={Li, Y.}, year={2024}, journal={J}}"
    (book.book / "references.bib").write_text(entry, encoding="utf-8")
    executed = write(book)
    text = onepage(book, executed)
    addresses = re.findall(
        r'(?:src|href)="([^"]{1,60})', re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    )
    assert [a for a in addresses if not a.startswith(("#", "data:"))] == []
    assert "%%URL%%/MathJax" not in text and "data:font/woff;base64," in text and "x^2" in text
    for part in ("Second page", "[in another chapter]", 'alt="A line through the powers."', "A smoke run"):
        assert part in text, part
    assert "Parameters" in text and "How this page was made" in text and "Li, 2024" in text
    assert re.search(r"Fig\. 1", text) and 'download="first.ipynb"' in text
    assert list(book.build.glob("page-*")) == [] if book.build.exists() else True


def test_scripts_and_styles_that_a_chapter_loads_are_inside(book: Project, tmp_path: Path) -> None:
    folder = book.book / "assets" / "explorer"
    shutil.copytree(folder, tmp_path / "_static" / "explorer")
    wanted = [path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())]
    loads = [f'<script src="_static/explorer/{path.name}"></script>' for path in folder.glob("*.js")]
    loads.append('<link rel="stylesheet" href="_static/explorer/explorer.css">')
    text = _contain("<html><body>" + "".join(loads) + "</body></html>", tmp_path, book)
    assert wanted and all(part in text for part in wanted)
    with pytest.raises(SiteFailed, match=r"refers to gone\.js, which does not exist"):
        _contain('<script src="_static/gone.js"></script>', tmp_path, book)


def test_a_notebook_that_cannot_be_rendered_is_an_error(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 2, "", "Extension error:\nno such extension\n")

    monkeypatch.setattr(subprocess, "run", broken)
    with pytest.raises(
        SiteFailed, match="the page of first did not build:\nExtension error:\nno such extension"
    ):
        onepage(book, write(book))
    assert list(book.build.iterdir()) == []


def test_the_command_writes_the_notebook_and_the_page(
    book: Project, instant: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (book.book / "references.bib").write_text("", encoding="utf-8")
    assert main(["run", "first", "--profile", "smoke", "--html"]) == 0
    notebook, page = (book.build / "runs" / f"first.{kind}" for kind in ("ipynb", "html"))
    assert capsys.readouterr().out.splitlines() == [f"wrote {path}" for path in (notebook, page)]
    assert "A smoke run" in page.read_text(encoding="utf-8")
