from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from docutils import nodes
from docutils.core import publish_doctree

from press.run.project import Project
from press.site import pdf
from press.site.html import SiteFailed
from press.site.repairs import paper


def test_the_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, book: Project) -> None:
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    everything = {*pdf.COMMANDS.values(), *pdf.FILES.values()}
    assert pdf.missing_packages() == sorted(everything)
    with pytest.raises(ValueError, match=r"apt install .*latexmk .*tex-gyre .*texlive-latex-extra"):
        pdf.build_pdf(book)
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None if name == "latexmk" else f"/usr/bin/{name}")
    found = [SimpleNamespace(returncode=int(name == "framed.sty")) for name in pdf.FILES]
    monkeypatch.setattr(pdf.subprocess, "run", lambda *_, **__: found.pop(0))
    assert pdf.missing_packages() == ["latexmk", "texlive-latex-extra"]


@pytest.mark.parametrize("shape", ["chapters", "parts"])
def test_on_paper_there_is_no_folded_code_and_the_first_page_is_a_chapter(tmp_path: Path, shape: str) -> None:
    tags = [["hide-input"], ["parameters"], ["hide-input", "wide"]]
    cells: list[Any] = [{"cell_type": "code", "metadata": {"tags": t}} for t in tags]
    (tmp_path / "a.ipynb").write_text(
        json.dumps({"cells": [*cells, {"cell_type": "markdown", "metadata": {}}]})
    )
    chapters = [{"file": "a"}]
    inner = (
        {"chapters": chapters} if shape == "chapters" else {"parts": [{"caption": "I", "chapters": chapters}]}
    )
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump({"format": "jb-book", "root": "welcome", **inner}))
    (tmp_path / "_config.yml").write_text("title: A title\n")
    pdf.for_paper(tmp_path)
    after = [c["metadata"].get("tags", []) for c in json.loads((tmp_path / "a.ipynb").read_text())["cells"]]
    assert after == [["remove-input"], ["parameters"], ["remove-input", "wide"], []]
    contents = yaml.safe_load((tmp_path / "_toc.yml").read_text())
    assert contents["root"] == "front" and (tmp_path / "front.md").read_text() == "# A title\n"
    first = contents if shape == "chapters" else contents["parts"][0]
    assert first["chapters"] == [{"file": "welcome"}, {"file": "a"}]


def test_wide_tables_share_the_paper() -> None:
    narrow = "== ==\na  b\n== ==\n1  2\n== ==\n"
    wide = "== == == == ========================================\n1  2  3  4  " + "x" * 40 + "\n"
    wide += "== == == == ========================================\n"
    document = publish_doctree(f"{narrow}\n\n{wide}")
    paper.WideTables(document).run()
    first, second = document.findall(nodes.table)
    assert first["classes"] == [] and "colwidths-given" in second["classes"]
    assert [column["colwidth"] for column in second.findall(nodes.colspec)] == [9, 9, 9, 9, paper.WIDEST]


def test_what_latex_says_is_told(tmp_path: Path) -> None:
    said = "This is pdfTeX\\n./book.tex:12: Undefined control sequence.\\nl.12 \\\\\\\\nonsense\\n\\nmore"
    command = [sys.executable, "-c", f"print('{said}'); raise SystemExit(1)"]
    with pytest.raises(SiteFailed, match=r"not made:\n\./book\.tex:12: Undefined control sequence\.\nl\.12"):
        pdf._run(command, tmp_path, pdf._LATEX_ERROR.pattern)
    with pytest.raises(SiteFailed, match="no pattern here"):
        pdf._run([sys.executable, "-c", "print('no pattern here'); raise SystemExit(1)"], tmp_path, "x{9}")


def test_the_whole_book_as_a_pdf(request: pytest.FixtureRequest) -> None:
    """A part of `make check-pages`, since it takes longer than all other tests of this file."""
    if request.config.getoption("--site", None) is None:
        pytest.skip("no --site given; `make check-pages` makes the PDF of the book that `make book` made")
    if missing := pdf.missing_packages():
        pytest.skip(f"no LaTeX here; Debian and Ubuntu: apt install {' '.join(missing)}")
    project = Project(Path(__file__).resolve().parents[3])
    place = pdf.build_pdf(project)
    assert place.read_bytes()[:5] == b"%PDF-" and place.stat().st_size > 500_000
    assert not list(project.build.glob("pdf-*"))
