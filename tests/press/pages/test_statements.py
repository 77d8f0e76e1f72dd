"""Badges, the table of statements and the listing of checks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from press.evidence.statements import GRADES, Check, Statement, read_statements
from press.pages.statements import badge, listing_of_checks, overview

STATEMENTS = {
    "one": Statement("(1)", "a definition", "definition", "rates"),
    "two": Statement("(2)", "an identity", "statement", "rates", "little"),
    "three": Statement("Lemma 3", "a bound", "statement", "statements"),
}
CHECKS = [Check("test_file.py", "test_identity", ("two",), "proved", "as an identity", ("slack = 2",))]


def test_a_badge_links_to_the_check_and_says_what_it_is() -> None:
    text = badge("two", STATEMENTS, CHECKS, linked=True)
    assert re.fullmatch(
        r'\[<span class="badge-check badge-proved" title="\(2\): [^"]*as an identity">✓ proved</span>\]'
        r"\(#check-identity\)",
        text,
    )
    assert badge("two", STATEMENTS, CHECKS, linked=False) == text[1:].split("](")[0]
    other = badge("three", STATEMENTS, CHECKS, linked=True)
    assert other == '<span class="badge-check badge-not-run">– not run</span>'
    with pytest.raises(ValueError, match="unknown statement 'four'"):
        badge("four", STATEMENTS, CHECKS, linked=True)


def test_counts_add_up() -> None:
    text = overview(STATEMENTS, CHECKS, linked=True)
    for verdict in ("proved", "not run", "definition"):
        assert f"- **{verdict}: 1** of 3 (" in text
    assert "erratum" not in text


def test_every_statement_has_its_row(cells: Callable[[str], list[list[str]]]) -> None:
    rows = cells(overview(STATEMENTS, CHECKS, linked=False))[1:]
    assert [row[:3] for row in rows] == [
        ["(1)", "a definition", "{doc}`rates`"],
        ["(2)", "an identity", "{doc}`rates`"],
        ["Lemma 3", "a bound", "this page"],
    ]
    assert [row[4] for row in rows] == ["", "as an identity. Assumed: little", ""]


def test_the_listing_shows_the_source(tmp_path: Path) -> None:
    source = "def test_identity() -> None:\n    assert 1 == 1"
    (tmp_path / "test_file.py").write_text(source + "\n", encoding="utf-8")
    text = listing_of_checks(STATEMENTS, CHECKS, tmp_path, 3)
    assert text.startswith("(check-identity)=\n### \\(2\\): identity\n\n**proved**: as an identity.")
    assert "Measured: slack = 2." in text.replace("\\", "") and "` tests/theory/test_file.py `" in text
    assert text.endswith(f"```python\n{source}\n```\n")
    assert listing_of_checks(STATEMENTS, [], tmp_path, 3) == "No check has run.\n"


def test_every_verdict_of_the_list_is_explained_and_no_other() -> None:
    root = Path(__file__).resolve().parents[3]
    statements = read_statements(root / "evidence" / "statements.toml")
    page = (root / "book" / "statements.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^- \*\*(.+?)\*\*:", page, re.MULTILINE))
    kinds = {statement.kind for statement in statements.values()} - {"statement"}
    assert explained == set(GRADES) | kinds
