"""Badges of the paper's statements, the table of all, and the source of their checks.

A badge says what the report of the checks says (`press.evidence.statements`) and leads to the source of the
check.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from press.evidence.sources import in_words
from press.evidence.statements import FOLDER, GRADES, NOT_RUN, Check, Statement, grade, sources
from press.pages.markup import code, escape, link, listing, table, words

__all__ = ["badge", "listing_of_checks", "overview"]

PAGE = "statements"
HEADER = ("Statement", "What it says", "Where", "Check", "What was checked")
SIGNS = {"proved": "✓", "checked": "✓", "erratum": "✎", NOT_RUN: "–"}


def badge(name: str, statements: Mapping[str, Statement], checks: list[Check], *, linked: bool) -> str:
    """The verdict on a statement; an unknown one is a ValueError."""
    verdict = grade(name, statements, checks)
    text = f"{SIGNS.get(verdict, '')} {verdict}".strip()
    classes = f"badge-check badge-{verdict.replace(' ', '-')}"
    first = next((c for c in checks if name in c.statements and c.grade == verdict), None)
    if first is None:
        return words(text, classes)
    shown = words(text, classes, f"{statements[name].printed}: {GRADES[verdict]}. {first.covers}")
    return link(shown, first.anchor) if linked else shown


def overview(statements: Mapping[str, Statement], checks: list[Check], *, linked: bool) -> str:
    """How many statements have each verdict, and the table of all."""
    counts = Counter(grade(name, statements, checks) for name in statements)
    meanings = {verdict: GRADES[verdict] for verdict in SIGNS if verdict in GRADES} | {
        NOT_RUN: "not checked yet",
        "definition": "nothing to check",
        "not transcribed": "our notes do not spell it out",
    }
    verdicts = [
        f"- **{verdict}: {counts[verdict]}** of {len(statements)} ({meaning})"
        for verdict, meaning in meanings.items()
        if counts[verdict]
    ]
    rows = []
    for name, statement in statements.items():
        covers = "; ".join(check.covers for check in checks if name in check.statements)
        if covers and statement.assumes:
            covers += f". Assumed: {statement.assumes}"
        where = "this page" if statement.page == PAGE else f"{{doc}}`{statement.page}`"
        mark = badge(name, statements, checks, linked=linked)
        rows.append([escape(statement.printed), escape(statement.says), where, mark, escape(covers)])
    box = table(HEADER, rows, classes="ledger statements filterable", numbers=(), choices=("Where", "Check"))
    return "\n".join([*verdicts, "", box])


def listing_of_checks(
    statements: Mapping[str, Statement], checks: list[Check], folder: Path, level: int
) -> str:
    """The source of every check: a section each, at a level of headings."""
    source = {file: sources(folder / file) for file in {check.file for check in checks}}
    sections = []
    for check in checks:
        printed = "; ".join(statements[name].printed for name in check.statements)
        measured = f" Measured: {', '.join(check.measured)}." if check.measured else ""
        file = code(f"{FOLDER}/{check.file}")
        sections.append(
            f"({check.anchor})=\n{'#' * level} {escape(printed)}: {escape(in_words(check.function))}\n\n"
            f"**{check.grade}**: {escape(check.covers)}.{escape(measured)} From {file}:\n\n"
            f"{listing(source[check.file][check.function])}"
        )
    return "\n".join(sections) or "No check has run.\n"
