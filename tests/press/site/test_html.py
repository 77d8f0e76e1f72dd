from __future__ import annotations

import json
from typing import Any

import nbformat.v4 as v4
import pytest

from press.run.outputs import LEDGER
from press.run.project import Project
from press.site.html import page, stage

PRESS = {
    "chapter": "first",
    "profile": "default",
    "parameters": {"count": 4, "power": 2.0, "names": ["a", "b"], "seed": 0},
    "started": "2026-01-02T03:04:05+00:00",
    "seconds": 1.0,
    "machine": "x",
    "versions": {},
    "commit": "unknown",
}


def notebook(profile: str = "default") -> dict[str, Any]:
    row = v4.new_output("display_data", data={LEDGER: {}, "text/plain": "a row"})
    shown = v4.new_output("stream", name="stdout", text="shown")
    cells = [v4.new_markdown_cell("(label)=\n# Title\n\nText."), v4.new_code_cell("1", outputs=[row, shown])]
    whole = v4.new_notebook(cells=cells, metadata={"press": PRESS | {"profile": profile}})
    result: dict[str, Any] = json.loads(json.dumps(whole))
    return result


def fill(book: Project, **profiles: str) -> None:
    book.executed.mkdir(parents=True)
    book.ledger.parent.mkdir(parents=True)
    book.ledger.write_text("[]\n")
    for chapter, profile in profiles.items():
        text = notebook(profile)
        if chapter == "second":
            text["metadata"]["press"]["parameters"] = {"base": 10.0}
        (book.executed / f"{chapter}.ipynb").write_text(json.dumps(text))


def test_ledger_outputs_never_show(book: Project) -> None:
    cells = page(book, "first", notebook())["cells"]
    assert [o["output_type"] for o in cells[1]["outputs"]] == ["stream"]
    assert cells[0]["source"] == "(label)=\n# Title\n\nText."
    assert cells[-1]["source"].startswith("## Parameters\n")


def test_a_smoke_page_says_so_below_its_title(book: Project) -> None:
    source = page(book, "first", notebook("smoke"))["cells"][0]["source"]
    assert source.startswith("(label)=\n# Title\n\n:::{admonition} Profile: smoke\n")
    assert source.endswith("Text.\n")


def test_staging(book: Project) -> None:
    fill(book, first="smoke", second="smoke")
    site = book.build / "site"
    site.mkdir()
    (site / "stale.md").write_text("x")
    stage(book, site)
    names = {str(p.relative_to(site)) for p in site.rglob("*") if p.is_file() and "assets" not in p.parts}
    chapters = {"first.ipynb", "second.ipynb", "downloads/first.ipynb", "downloads/second.ipynb"}
    others = {"_config.yml", "_toc.yml", "CITATION.cff", "ledger.json", "ledger.md", "references.bib"}
    results = {"check-sources.json", "places.json", "status.json"}
    assert names == chapters | others | results | {"checks.md", "cite.md", "statements.toml"}
    assert (site / "assets" / "mathjax" / "tex-chtml-full.js").is_file()
    assert "not at the paper's scale" in (site / "ledger.md").read_text()
    book.theory.write_text("<testsuites/>")
    stage(book, site)
    assert (site / "theory.xml").is_file() and (site / "theory" / "test_sum.py").is_file()
    assert LEDGER in (site / "downloads" / "first.ipynb").read_text()


def test_a_missing_chapter_is_refused(book: Project) -> None:
    fill(book, first="default")
    with pytest.raises(ValueError, match="'second' has not been executed"):
        stage(book, book.build / "site")


def test_mixed_profiles_are_refused(book: Project) -> None:
    fill(book, first="default", second="smoke")
    with pytest.raises(ValueError, match="different profiles"):
        stage(book, book.build / "site")
