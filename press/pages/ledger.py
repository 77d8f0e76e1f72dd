"""Sphinx: the directives of the page *What was reproduced* and of the checks of its numbers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Set
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from opgd.paper import reported
from press.chapter.record import LIMIT, Row
from press.evidence.sources import anchor, in_words
from press.pages.summary import describe

__all__ = ["LedgerCounts", "LedgerFigure", "LedgerTable", "NumberChecks", "setup"]

CHECKS = "checks"
"""The page that shows the source of the checks."""
HEADER = ("Item", "Number", "Printed", "Ours", "Spread", "z", "Verdict", "Where and check")
CHOICES = ("Item", "Verdict")
"""Columns for which the page offers a list of values to choose from."""
NUMBERS = ("Printed", "Ours", "Spread", "z")
MEANING = {
    "match": f"within {LIMIT:g} standard deviations of the printed number",
    "explained": "differs, and we can say why",
    "unreproduced": "differs, and we cannot say why",
}


class _Ledger(SphinxDirective):
    """What the directives share: the rows, and where each item is recomputed."""

    has_content = False
    option_spec: ClassVar[dict[str, Any] | None] = {}

    def rows(self) -> list[Row]:
        found: list[Row] = self._read("ledger.json")
        return found

    def places(self) -> dict[str, tuple[str, str]]:
        return {item: (chapter, name) for item, (chapter, name) in self._read("places.json").items()}

    def _read(self, name: str) -> Any:
        path = Path(self.env.srcdir) / name
        self.env.note_dependency(str(path))
        return json.loads(path.read_text(encoding="utf-8"))


class LedgerCounts(_Ledger):
    """`{ledger-counts}`: how many numbers have each verdict, in all and for each item."""

    def run(self) -> list[nodes.Node]:
        """Build a list and a table.

        Returns
        -------
        list of docutils.nodes.Node
        """
        rows = self.rows()
        box = nodes.container(classes=["ledger-scroll"])
        box += _items(rows, self.places())
        return [_counts(rows), box, _missing(rows)]


class LedgerTable(_Ledger):
    """`{ledger}`: the complete table, as plain HTML; a script makes it sortable and filterable."""

    def run(self) -> list[nodes.Node]:
        """Build the table from `ledger.json` beside the pages.

        Returns
        -------
        list of docutils.nodes.Node
        """
        rows = self.rows()
        if not rows:
            return [nodes.paragraph(text="No number has been recorded yet.")]
        box = nodes.container(classes=["ledger-scroll"])
        box += _table(rows, self.places(), linked=CHECKS in self.env.found_docs)
        return [box]


class LedgerFigure(_Ledger):
    """`{ledger-figure}`: the picture of all numbers, drawn when the site was staged."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Build the figure; its caption is the argument.

        Returns
        -------
        list of docutils.nodes.Node
        """
        rows = self.rows()
        if not rows:
            return []
        figure = nodes.figure("", nodes.image(uri="ledger.png", alt=describe(rows)))
        caption, messages = self.state.inline_text(self.arguments[0], self.lineno)
        figure += [nodes.caption(self.arguments[0], "", *caption), *messages]
        self.options["name"] = "fig-ledger-summary"
        self.add_name(figure)
        return [figure]


class NumberChecks(_Ledger):
    """`{number-checks}`: the source of every test that guards a number of the ledger."""

    def run(self) -> list[nodes.Node]:
        """Build one section for each test.

        Returns
        -------
        list of docutils.nodes.Node
        """
        sources: dict[str, str] = self._read("check-sources.json")
        found = []
        for node, source in sources.items():
            guarded = Counter(row["item"] for row in self.rows() if row["check"] == node)
            section = nodes.section(ids=[anchor(node)], names=[anchor(node)])
            words = in_words(node.rpartition("::")[2])
            section += nodes.title(text=words[:1].upper() + words[1:])
            told = "; ".join(
                f"{item}: {count} number{'s' if count > 1 else ''}" for item, count in guarded.items()
            )
            section += nodes.paragraph(
                "", "", nodes.Text(f"{told}. From "), nodes.literal(text=node), nodes.Text(":")
            )
            section += nodes.literal_block(source, source, language="python")
            found.append(section)
        return found or [nodes.paragraph(text="No number has been recorded yet.")]


def _counts(rows: list[Row]) -> nodes.bullet_list:
    counts = Counter(row["verdict"] for row in rows)
    items = nodes.bullet_list()
    for verdict, meaning in MEANING.items():
        paragraph = nodes.paragraph()
        paragraph += nodes.strong(text=f"{verdict}: {counts[verdict]}")
        paragraph += nodes.Text(f" of {len(rows)} ({meaning})")
        items += nodes.list_item("", paragraph)
    return items


def _items(rows: list[Row], places: dict[str, tuple[str, str]]) -> nodes.table:
    header = ("Item", "Numbers", *MEANING, "Recomputed in")
    table, body = _frame(header, ["ledger"], set(header[1:-1]))
    for item in sorted({row["item"] for row in rows}):
        own = [row for row in rows if row["item"] == item]
        counts = Counter(row["verdict"] for row in own)
        numbers = [nodes.Text(str(count)) for count in (len(own), *(counts[verdict] for verdict in MEANING))]
        body += _line(
            header,
            [nodes.Text(item), *numbers, nodes.paragraph("", "", *_where(own[0], places))],
            set(header[1:-1]),
        )
    return table


def _missing(rows: list[Row]) -> nodes.paragraph:
    """Say which printed numbers no chapter has recorded."""
    recorded = {(row["item"], row["cell"]) for row in rows}
    lacking = {
        item: sum((item, cell) not in recorded for cell in reported.cells(item)) for item in reported.items()
    }
    told = ", ".join(f"{item} ({count})" for item, count in lacking.items() if count)
    text = (
        f"Printed, but not recomputed by any chapter: {told}." if told else "No printed number is left out."
    )
    return nodes.paragraph(text=text)


def _table(rows: list[Row], places: dict[str, tuple[str, str]], *, linked: bool) -> nodes.table:
    table, body = _frame(HEADER, ["ledger", "ledger-numbers", "filterable"], set(NUMBERS), set(CHOICES))
    for row in rows:
        printed = str(reported.lookup(row["item"], row["cell"]))
        numbers = [printed, _number(row["ours"], ".4f"), f"{row['sd']:.2g}", _number(row["z"], "+.2f")]
        verdict = nodes.paragraph()
        verdict += nodes.strong(text=row["verdict"])
        if row["why"]:
            verdict += nodes.Text(f": {row['why']}")
        proof = nodes.paragraph("", "", *_where(row, places), nodes.Text(", "), _check(row["check"], linked))
        first = [nodes.Text(row["item"]), nodes.Text(row["cell"])]
        body += _line(HEADER, [*first, *map(nodes.Text, numbers), verdict, proof], set(NUMBERS))
    return table


def _number(value: float, form: str) -> str:
    """A number as text; what rounds to zero has no sign."""
    text = format(value, form)
    return text if float(text) else text.lstrip("+-")


def _frame(
    header: tuple[str, ...], classes: list[str], numbers: Set[str], choices: Set[str] = frozenset()
) -> tuple[nodes.table, nodes.tbody]:
    table = nodes.table(classes=classes)
    group = nodes.tgroup(cols=len(header))
    table += group
    group += [nodes.colspec(colwidth=1) for _ in header]
    head = _line(header, [nodes.Text(title) for title in header], numbers)
    for title, entry in zip(header, head.children, strict=True):
        entry["classes"] += ["choice"] if title in choices else []
    group += nodes.thead("", head)
    body = nodes.tbody()
    group += body
    return table, body


def _line(header: tuple[str, ...], contents: list[nodes.Node], numbers: Set[str]) -> nodes.row:
    line = nodes.row()
    for title, content in zip(header, contents, strict=True):
        entry = nodes.entry(classes=["number"] if title in numbers else [])
        entry += content if isinstance(content, nodes.paragraph) else nodes.paragraph("", "", content)
        line += entry
    return line


def _where(row: Row, places: dict[str, tuple[str, str]]) -> list[nodes.Node]:
    """Link to the chapter, and to its figure or table that recomputes the item if it names one."""
    chapter, name = places.get(row["item"], ("", ""))
    links = [_link("doc", f"/{row['chapter']}", row["chapter"], refexplicit=True)]
    if chapter == row["chapter"]:
        links.append(_link("numref", name, name, refexplicit=False))
    return [node for link in links for node in (nodes.Text(", "), link)][1:]


def _link(kind: str, target: str, text: str, *, refexplicit: bool) -> addnodes.pending_xref:
    return addnodes.pending_xref(
        "", nodes.inline(text=text),
        refdomain="std", reftype=kind, reftarget=target, refexplicit=refexplicit, refwarn=True,
    )  # fmt: skip


def _check(node: str, linked: bool) -> nodes.Node:
    """Name the test, and link to its source."""
    literal = nodes.literal(text=node.rpartition("::")[2])
    if not linked:
        return literal
    link = nodes.reference("", "", literal, internal=True, refuri=f"{CHECKS}.html#{anchor(node)}")
    link["reftitle"] = node
    return link


def _add_script(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Load the script on pages with a table that can be filtered, and on no other."""
    if isinstance(doctree, nodes.document) and any(
        "filterable" in table["classes"] for table in doctree.findall(nodes.table)
    ):
        app.add_js_file("filter.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register the directives.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        The application.
    """
    app.add_directive("ledger", LedgerTable)
    app.add_directive("ledger-counts", LedgerCounts)
    app.add_directive("ledger-figure", LedgerFigure)
    app.add_directive("number-checks", NumberChecks)
    app.connect("html-page-context", _add_script)
