"""The statements of the paper: each is in the list, marked where it stands, and checked."""

from __future__ import annotations

import re
from pathlib import Path

from press.evidence.statements import read_statements

ROOT = Path(__file__).resolve().parents[2]
STATEMENTS = read_statements(ROOT / "evidence" / "statements.toml")
TO_CHECK = {name for name, statement in STATEMENTS.items() if statement.kind == "statement"}
CHECKS = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "theory").glob("test_*.py"))


def test_badges_name_known_statements() -> None:
    for path in (ROOT / "book").glob("*.md"):
        names = set(re.findall(r"\{mark\}`([^`]*)`", path.read_text(encoding="utf-8")))
        assert names <= set(STATEMENTS), path.name


def test_each_statement_is_marked_where_it_stands() -> None:
    for name in TO_CHECK:
        page = STATEMENTS[name].page
        text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
        assert page == "statements" or f"{{mark}}`{name}`" in text, name


def test_each_statement_has_a_check() -> None:
    checked = {
        name
        for names in re.findall(r"@statement\(([^)]*?)grade=", CHECKS)
        for name in re.findall(r'"([^"]+)"', names)
    }
    assert checked >= TO_CHECK, TO_CHECK - checked
    assert checked <= TO_CHECK


def test_each_proof_says_what_it_assumes() -> None:
    proved = {
        name
        for names, grade in re.findall(r'@statement\(([^)]*?)grade="(\w+)"', CHECKS)
        for name in re.findall(r'"([^"]+)"', names)
        if grade in {"proved", "erratum"}
    }
    assert proved == {name for name, statement in STATEMENTS.items() if statement.assumes}


def test_the_readme_counts_them() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{len(TO_CHECK)} equations, lemmas and theorems have a badge" in readme
