"""Links of the book: citations lead to a paper, items of the paper to our figures, symbols to equations."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from opgd.paper import reported
from press.pages.made_by import reproduced
from press.run.execute import clean_notebook
from press.run.project import Project

BOOK = Project(Path(__file__).resolve().parents[2])
ENTRIES = {
    name: (kind, fields)
    for kind, name, fields in re.findall(
        r"^@(\w+)\{([^,]+),(.*?)^\}", (BOOK.book / "references.bib").read_text(encoding="utf-8"), re.M | re.S
    )
}
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in BOOK.book.glob("*.md")}
DOI = re.compile(r"10\.\d{4,9}/\S+")
ARXIV = re.compile(r"\d{4}\.\d{4,5}|[a-z-]+/\d{7}")


def field(entry: str, name: str) -> str:
    found = re.search(rf"^\s*{name}\s*=\s*\{{(.*)\}},?$", entry, re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_of_the_bibliography_has_a_doi_or_an_arxiv_number(name: str) -> None:
    kind, fields = ENTRIES[name]
    doi, number, url = (field(fields, key) for key in ("doi", "eprint", "url"))
    assert not doi or DOI.fullmatch(doi)
    if number:
        assert ARXIV.fullmatch(number) and field(fields, "archiveprefix") == "arXiv"
    if kind in ("misc", "unpublished", "manual"):  # may be nowhere but on somebody's page
        assert doi or number or url.startswith("https://")
    else:
        assert doi or number or field(fields, "note").startswith("No DOI")


def test_every_entry_is_cited_and_every_citation_has_an_entry() -> None:
    cited = {
        key.strip()
        for text in PAGES.values()
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text)
        for key in keys.split(",")
    }
    assert cited == set(ENTRIES)


def test_no_item_is_claimed_by_two_chapters() -> None:
    claimed = [item for name in BOOK.chapters() for item in reproduced(clean_notebook(BOOK.source(name)))]
    assert sorted(claimed) == sorted(set(claimed))
    assert set(claimed) <= set(reported.items())


def test_a_chapter_that_records_an_item_shows_where_it_is_recomputed() -> None:
    for name in BOOK.chapters():
        code = json.dumps(
            [c.source for c in clean_notebook(BOOK.source(name)).cells if c.cell_type == "code"]
        )
        if "record(" in code:
            assert reproduced(clean_notebook(BOOK.source(name))), name
