"""Badges, the table of statements and the listing of checks, as document nodes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from press.evidence.statements import GRADES, Check, Statement, read_statements
from press.pages import statements as badges

STATEMENTS = {
    "one": Statement("(1)", "a definition", "definition", "rates"),
    "two": Statement("(2)", "an identity", "statement", "rates"),
    "three": Statement("Lemma 3", "a bound", "statement", "statements"),
}
CHECKS = [Check("test_file.py", "test_identity", ("two",), "proved", "as an identity", ("slack = 2",))]


def test_a_badge_links_to_the_check_and_says_what_it_is() -> None:
    badge = badges._badge("two", STATEMENTS, CHECKS)
    assert badge.astext() == "✓ proved" and badge["check"] == "check-identity"
    assert "as an identity" in badge["reftitle"] and "badge-proved" in badge["classes"]
    other = badges._badge("three", STATEMENTS, CHECKS)
    assert other.astext() == "– not run" and "check" not in other
    with pytest.raises(ValueError, match="unknown statement 'four'"):
        badges._badge("four", STATEMENTS, CHECKS)


def test_counts_add_up() -> None:
    text = badges._counts(STATEMENTS, CHECKS).astext()
    assert "proved: 1 of 3" in text and "not run: 1 of 3" in text and "definition: 1 of 3" in text
    assert "erratum" not in text


def test_every_statement_has_its_row() -> None:
    table = badges._table(STATEMENTS, CHECKS)
    assert len(list(table.findall(badges.nodes.row))) == 1 + len(STATEMENTS)
    text = table.astext()
    for part in ("Lemma 3", "a bound", "as an identity", "this page", "rates"):
        assert part in text


def test_the_listing_shows_the_source(tmp_path: Path) -> None:
    (tmp_path / "test_file.py").write_text(
        "def test_identity() -> None:\n    assert 1 == 1\n", encoding="utf-8"
    )
    (section,) = badges._listing(STATEMENTS, CHECKS, tmp_path)
    assert section["ids"] == ["check-identity"]
    assert next(section.findall(badges.nodes.title)).astext() == "(2): identity"
    assert "Measured: slack = 2." in section.astext()
    assert "assert 1 == 1" in section.astext() and "tests/theory/test_file.py" in section.astext()


def test_every_verdict_of_the_list_is_explained_and_no_other() -> None:
    root = Path(__file__).resolve().parents[3]
    statements = read_statements(root / "evidence" / "statements.toml")
    page = (root / "book" / "statements.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^- \*\*(.+?)\*\*:", page, re.MULTILINE))
    kinds = {statement.kind for statement in statements.values()} - {"statement"}
    assert explained == set(GRADES) | kinds
