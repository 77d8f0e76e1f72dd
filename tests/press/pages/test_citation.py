from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from press.pages.citation import bibtex, citations, entries, with_address

CITATION = Path(__file__).resolve().parents[3] / "CITATION.cff"


def test_the_paper_comes_first_and_agrees_with_the_bibliography() -> None:
    works = entries(yaml.safe_load(CITATION.read_text(encoding="utf-8")))
    paper, edition = map(bibtex, works)
    bibliography = (CITATION.parent / "book" / "references.bib").read_text(encoding="utf-8")
    printed = " ".join(bibliography.split("@inproceedings{li2024improving,")[1].split("\n}")[0].split())
    assert paper.startswith("@inproceedings{li2024improving,\n")
    for value in (
        "Li, Yicheng and Lin, Qian",
        "Advances in Neural Information Processing Systems",
        "2409.00894",
    ):
        assert f"{{{value}}}" in paper and f"{{{value}}}" in printed
    assert "Improving Adaptivity via Over-Parameterization in Sequence Models" in paper
    assert (
        edition.startswith("@misc{") and "author = {{The contributors of the executable edition}}" in edition
    )


def test_the_edition_has_the_year_of_its_release_and_an_address_if_there_is_one() -> None:
    citation = yaml.safe_load(CITATION.read_text(encoding="utf-8"))
    year = str(citation["date-released"])[:4]
    edition = bibtex(citation)
    assert edition.startswith(f"@misc{{edition{year}improving,\n") and f"\n  year = {{{year}}}" in edition
    for nowhere in ({}, {"repository": None}, {"repository": {"branch": "main"}}):
        assert bibtex(with_address(citation, nowhere)) == edition and "url" not in edition
    settings = {"repository": {"url": "https://example.org/x"}}
    paper, edition = map(bibtex, entries(with_address(citation, settings)))
    assert "\n  url = {https://example.org/x}" in edition and "url" not in paper


def test_braces_balance_and_every_field_ends_with_a_comma_but_the_last() -> None:
    for work in entries(yaml.safe_load(CITATION.read_text(encoding="utf-8"))):
        lines = bibtex(work).splitlines()
        assert bibtex(work).count("{") == bibtex(work).count("}")
        assert [line.endswith(",") for line in lines] == [True] * (len(lines) - 2) + [False, False]


def test_the_page_shows_both_entries() -> None:
    citation = yaml.safe_load(CITATION.read_text(encoding="utf-8"))
    text = citations(citation, {"repository": {"url": "https://example.org/x"}})
    assert text.startswith("```bibtex\n@inproceedings{") and text.endswith("\n}\n```\n")
    assert text.count("\n}") == 2 and "https://example.org/x" in text


@pytest.mark.parametrize(
    ("work", "missing"),
    [({"authors": [{"name": "A"}]}, "title"), ({"title": "A"}, "authors"), ({}, "title and authors")],
)
def test_works_without_title_or_authors_are_refused(work: dict[str, Any], missing: str) -> None:
    with pytest.raises(ValueError, match=f"without {missing}$"):
        bibtex(work)
