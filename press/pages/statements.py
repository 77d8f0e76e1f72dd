"""Sphinx: the `{mark}` role, and the `{statements}` and `{checks}` directives.

A badge says what the report of the checks says (`press.evidence.statements`) and links to the source of the
check.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective, SphinxRole

from press.evidence.sources import in_words
from press.evidence.statements import (
    FOLDER,
    GRADES,
    NOT_RUN,
    Check,
    Statement,
    grade,
    read_report,
    read_statements,
    sources,
)

__all__ = ["ChecksListing", "MarkRole", "StatementsTable", "setup"]

CODE_PAGE = "checks"
TABLE_PAGE = "statements"
HEADER = ("Statement", "What it says", "Where", "Check", "What was checked")
SIGNS = {"proved": "✓", "checked": "✓", "erratum": "✎", NOT_RUN: "–"}


def _load(srcdir: str | Path) -> tuple[dict[str, Statement], list[Check]]:
    """Read the list of statements and the report that were staged beside the pages."""
    statements = read_statements(Path(srcdir) / "statements.toml")
    return statements, read_report(Path(srcdir) / "theory.xml", statements)


def _badge(name: str, statements: dict[str, Statement], checks: list[Check]) -> nodes.Node:
    verdict = grade(name, statements, checks)
    text = f"{SIGNS.get(verdict, '')} {verdict}".strip()
    classes = ["badge-check", f"badge-{verdict.replace(' ', '-')}"]
    first = next((check for check in checks if name in check.statements), None)
    if first is None:
        return nodes.inline(text=text, classes=classes)
    link = nodes.reference("", text, internal=True, refuri="", check=first.anchor, classes=classes)
    link["reftitle"] = f"{statements[name].printed}: {GRADES[verdict]}. {first.covers}"
    return link


class ResolveBadges(SphinxPostTransform):
    """Point the badges at the page of checks, in the way of the builder: HTML or LaTeX."""

    default_priority = 20

    def run(self, **_: Any) -> None:
        """Fill in the addresses."""
        builder = self.env.app.builder
        for link in self.document.findall(nodes.reference):
            if "check" in link:
                page = builder.get_relative_uri(self.env.docname, CODE_PAGE)
                link["refuri"] = f"{page}#{link['check']}"


class MarkRole(SphinxRole):
    """`` {mark}`eq25` ``: the badge of a statement, linked to its check."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Build the badge.

        Returns
        -------
        list of docutils.nodes.Node, list of docutils.nodes.system_message
        """
        for staged in ("statements.toml", "theory.xml"):
            self.env.note_dependency(str(Path(self.env.srcdir) / staged))
        try:
            return [_badge(self.text, *_load(self.env.srcdir))], []
        except ValueError as error:
            message = self.inliner.reporter.error(str(error), line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]


class StatementsTable(SphinxDirective):
    """`{statements}`: all statements with their badges, and how many there are of each."""

    has_content = False
    option_spec: ClassVar[dict[str, Any] | None] = {}

    def run(self) -> list[nodes.Node]:
        """Build the counts and the table.

        Returns
        -------
        list of docutils.nodes.Node
        """
        statements, checks = _load(self.env.srcdir)
        box = nodes.container(classes=["ledger-scroll"])
        box += _table(statements, checks)
        return [_counts(statements, checks), box]


def _counts(statements: dict[str, Statement], checks: list[Check]) -> nodes.bullet_list:
    counts = Counter(grade(name, statements, checks) for name in statements)
    meanings = dict(reversed(GRADES.items())) | {
        NOT_RUN: "not checked yet",
        "definition": "nothing to check",
        "not transcribed": "our notes do not spell it out",
    }
    items = nodes.bullet_list()
    for verdict, meaning in meanings.items():
        if counts[verdict]:
            paragraph = nodes.paragraph()
            paragraph += nodes.strong(text=f"{verdict}: {counts[verdict]}")
            paragraph += nodes.Text(f" of {len(statements)} ({meaning})")
            items += nodes.list_item("", paragraph)
    return items


def _table(statements: dict[str, Statement], checks: list[Check]) -> nodes.table:
    table = nodes.table(classes=["ledger", "statements", "filterable"])
    group = nodes.tgroup(cols=len(HEADER))
    table += group
    group += [nodes.colspec(colwidth=1) for _ in HEADER]
    head = _line([nodes.Text(title) for title in HEADER])
    for title, entry in zip(HEADER, head.children, strict=True):
        entry["classes"] += ["choice"] if title in ("Where", "Check") else []
    group += nodes.thead("", head)
    body = nodes.tbody()
    for name, statement in statements.items():
        covers = "; ".join(check.covers for check in checks if name in check.statements)
        where: nodes.Node = nodes.Text("this page")
        if statement.page != TABLE_PAGE:
            target = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{statement.page}"}
            text = nodes.inline(text=statement.page)
            where = addnodes.pending_xref("", text, refexplicit=False, refwarn=True, **target)
        badge = _badge(name, statements, checks)
        body += _line(
            [nodes.Text(statement.printed), nodes.Text(statement.says), where, badge, nodes.Text(covers)]
        )
    group += body
    return table


def _line(contents: list[nodes.Node]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", content)) for content in contents))


class ChecksListing(SphinxDirective):
    """`{checks}`: the source of every check, one section a test."""

    has_content = False
    option_spec: ClassVar[dict[str, Any] | None] = {}

    def run(self) -> list[nodes.Node]:
        """Build one section for each check.

        Returns
        -------
        list of docutils.nodes.Node
        """
        found = _listing(*_load(self.env.srcdir), Path(self.env.srcdir) / FOLDER.name)
        return found or [nodes.paragraph(text="No check has run.")]


def _listing(statements: dict[str, Statement], checks: list[Check], folder: Path) -> list[nodes.Node]:
    found = []
    for check in checks:
        section = nodes.section(ids=[check.anchor], names=[check.anchor])
        printed = "; ".join(statements[name].printed for name in check.statements)
        section += nodes.title(text=f"{printed}: {in_words(check.function)}")
        told = nodes.paragraph()
        told += nodes.strong(text=check.grade)
        numbers = f" Measured: {', '.join(check.measured)}." if check.measured else ""
        told += nodes.Text(f": {check.covers}.{numbers} From ")
        told += nodes.literal(text=f"{FOLDER}/{check.file}")
        told += nodes.Text(":")
        code = sources(folder / check.file)[check.function]
        section += [told, nodes.literal_block(code, code, language="python")]
        found.append(section)
    return found


def setup(app: Sphinx) -> None:
    """Register the role and the directives.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        The application.
    """
    app.add_role("mark", MarkRole())
    app.add_post_transform(ResolveBadges)
    app.add_directive("statements", StatementsTable)
    app.add_directive("checks", ChecksListing)
