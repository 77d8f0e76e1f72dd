from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
import pytest

from press.pages.expand import Evidence
from press.pages.pictures import made_of
from press.run.outputs import LEDGER
from press.run.parameters import read_parameters
from press.run.project import Project
from press.site.stage import _draw, fold, page, stage

PRESS = {
    "chapter": "first",
    "profile": "default",
    "parameters": {"count": 4, "power": 2.0, "names": ["a", "b"], "seed": 0},
    "started": "2026-01-02T03:04:05+00:00",
    "seconds": 1.0,
    "machine": "x",
    "processors": 2,
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


def made(book: Project, executed: dict[str, Any]) -> dict[str, Any]:
    return page(executed, read_parameters(book.source("first")), Evidence(book, {}, []))


def test_ledger_outputs_never_show(book: Project) -> None:
    cells = made(book, notebook())["cells"]
    assert [o["output_type"] for o in cells[1]["outputs"]] == ["stream"]
    assert cells[0]["source"] == "(label)=\n# Title\n\nText."
    assert cells[-1]["source"].startswith("## Parameters\n")


def test_a_smoke_page_says_so_below_its_title(book: Project) -> None:
    source = made(book, notebook("smoke"))["cells"][0]["source"]
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
    others = {"_config.yml", "_toc.yml", "ledger.md", "checks.md", "cite.md", "references.bib"}
    assert names == chapters | others
    assert (site / "assets" / "mathjax" / "tex-chtml-full.js").is_file()
    assert "not at the paper's scale" in (site / "ledger.md").read_text()
    assert "No number has been recorded yet." in (site / "ledger.md").read_text()
    assert LEDGER in (site / "downloads" / "first.ipynb").read_text()


def test_a_picture_of_the_same_rows_is_drawn_once(book: Project) -> None:
    drawn = []

    def draw(rows: list[int], path: Path) -> None:
        drawn.append(rows)
        path.write_text(f"{rows} {made_of(rows)}")

    last, fresh = (book.build / name / "a.png" for name in ("site", "fresh"))
    for folder in (last, fresh):
        folder.parent.mkdir(parents=True)
    for rows, place in (([1], last), ([1], fresh), ([2], fresh)):
        _draw(draw, rows, place, book)
    assert drawn == [[1], [2]]
    last.write_text("damaged")
    _draw(draw, [1], fresh, book)
    assert drawn == [[1], [2], [1]]
    assert fresh.read_text().startswith("[1]")


def test_a_missing_chapter_is_refused(book: Project) -> None:
    fill(book, first="default")
    with pytest.raises(ValueError, match="'second' has not been executed"):
        stage(book, book.build / "site")


def test_mixed_profiles_are_refused(book: Project) -> None:
    fill(book, first="default", second="smoke")
    with pytest.raises(ValueError, match="different profiles"):
        stage(book, book.build / "site")


def test_what_a_page_asks_for_and_there_is_not_stops_the_staging(book: Project) -> None:
    fill(book, first="default", second="default")
    (book.book / "cite.md").write_text("# Cite\n\n```{status} colour\n```\n")
    with pytest.raises(ValueError, match="cite: status: 'colour'; allowed: chapters"):
        stage(book, book.build / "site")


def test_evidence_in_the_prose_of_a_chapter_is_expanded(book: Project) -> None:
    executed = notebook()
    executed["cells"][0]["source"] = ["# Title\n", "\n", "A sum {mark}`sum`."]
    assert ">– not run</span>." in made(book, executed)["cells"][0]["source"]


@pytest.mark.parametrize(
    ("tags", "after"),
    [
        ([], ["hide-input"]),
        (["wide"], ["wide", "hide-input"]),
        (["parameters"], ["parameters"]),
        (["remove-input"], ["remove-input"]),
        (["hide-input"], ["hide-input"]),
    ],
)
def test_code_is_folded_unless_its_tags_say_otherwise(tags: list[str], after: list[str]) -> None:
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {"tags": tags}, "source": ""}
    fold(cell, 1)
    assert cell["metadata"]["tags"] == after


@pytest.mark.parametrize(
    ("metadata", "source", "told"),
    [
        ({"mystnb": {"figure": {"name": "fig-a"}}}, "assert x", "Code of this figure (cell 3)"),
        ({"table": {"name": "tab-a"}}, "table(rows)", "Code of this table (cell 3)"),
        ({}, ["x = sp.Symbol('x')\n", "assert sp.simplify(x - x) == 0"], "Proof by sympy (cell 3)"),
        ({}, "x = 1\nassert x == 1", "Check (cell 3)"),
        ({}, "x = 'we assert'", "Code (cell 3)"),
    ],
)
def test_a_fold_says_what_it_holds(metadata: dict[str, Any], source: Any, told: str) -> None:
    cell = {"cell_type": "code", "metadata": metadata, "source": source}
    fold(cell, 3)
    options = cell["metadata"]["mystnb"]
    assert options["code_prompt_show"] == options["code_prompt_hide"] == told
