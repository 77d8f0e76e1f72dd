"""Local Sphinx extension: the `{ledger}` directive, badges of statements, and no scripts from other hosts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from press import badges, sphinx_api
from press.ledger import Row

__all__ = ["LedgerTable", "setup"]

HEADER = ("Item", "Number", "Printed", "Ours", "Spread", "z", "Verdict", "Chapter and check")
MEANING = {
    "match": "within three standard deviations of the printed number",
    "explained": "differs, and we can say why",
    "unreproduced": "differs, and we cannot say why",
}


class LedgerTable(SphinxDirective):
    """`{ledger}`: counts by verdict and the complete table, as plain HTML without scripts."""

    has_content = False
    option_spec: ClassVar[dict[str, Any] | None] = {}

    def run(self) -> list[nodes.Node]:
        """Build the nodes from `ledger.json` beside the pages.

        Returns
        -------
        list of docutils.nodes.Node
            A list of counts and a table.
        """
        path = Path(self.env.srcdir) / "ledger.json"
        self.env.note_dependency(str(path))
        rows: list[Row] = json.loads(path.read_text(encoding="utf-8"))
        if not rows:
            return [nodes.paragraph(text="No number has been recorded yet.")]
        box = nodes.container(classes=["ledger-scroll"])
        box += _table(rows)
        return [_counts(rows), box]


def _counts(rows: list[Row]) -> nodes.bullet_list:
    counts = Counter(row["verdict"] for row in rows)
    items = nodes.bullet_list()
    for verdict, meaning in MEANING.items():
        paragraph = nodes.paragraph()
        paragraph += nodes.strong(text=f"{verdict}: {counts[verdict]}")
        paragraph += nodes.Text(f" of {len(rows)} ({meaning})")
        items += nodes.list_item("", paragraph)
    return items


def _table(rows: list[Row]) -> nodes.table:
    table = nodes.table(classes=["ledger"])
    group = nodes.tgroup(cols=len(HEADER))
    table += group
    group += [nodes.colspec(colwidth=1) for _ in HEADER]
    group += nodes.thead("", _line([nodes.Text(title) for title in HEADER]))
    body = nodes.tbody()
    for row in rows:
        numbers = [f"{row['reported']:g}", f"{row['ours']:.4f}", f"{row['sd']:.2g}", f"{row['z']:+.2f}"]
        verdict = nodes.paragraph()
        verdict += nodes.strong(text=row["verdict"])
        if row["why"]:
            verdict += nodes.Text(f": {row['why']}")
        body += _line(
            [
                nodes.Text(row["item"]),
                nodes.Text(row["cell"]),
                *map(nodes.Text, numbers),
                verdict,
                _proof(row),
            ]
        )
    group += body
    return table


def _line(contents: list[nodes.Node]) -> nodes.row:
    line = nodes.row()
    for column, content in enumerate(contents):
        entry = nodes.entry(classes=["number"] if 2 <= column <= 5 else [])
        entry += content if isinstance(content, nodes.paragraph) else nodes.paragraph("", "", content)
        line += entry
    return line


def _proof(row: Row) -> nodes.paragraph:
    """Link to the chapter, and name the test."""
    link = addnodes.pending_xref(
        "", nodes.inline(text=row["chapter"]),
        refdomain="std", reftype="doc", reftarget=f"/{row['chapter']}", refexplicit=True, refwarn=True,
    )  # fmt: skip
    return nodes.paragraph("", "", link, nodes.Text(", "), nodes.literal(text=row["check"]))


def _drop_thebe(app: Sphinx) -> None:
    """Take out sphinx-thebe, which Jupyter Book always loads and which adds a script from a foreign host."""
    for name, listeners in app.events.listeners.items():
        app.events.listeners[name] = [x for x in listeners if x.handler.__module__ != "sphinx_thebe"]


def _check_files(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Refuse a page that would load a script or style sheet from another host."""
    for kind in ("script_files", "css_files"):
        kept = [x for x in context.get(kind, []) if "sphinx-thebe" not in _name(x)]
        for name in map(_name, kept):
            if name.startswith(("http:", "https:", "//")):
                raise ExtensionError(f"{pagename} would load {name} from another host")
        context[kind] = kept


def _name(entry: object) -> str:
    return str(getattr(entry, "filename", None) or entry)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        The application.

    Returns
    -------
    dict
        Sphinx's metadata of an extension.
    """
    app.add_directive("ledger", LedgerTable)
    badges.setup(app)
    sphinx_api.setup(app)
    _drop_thebe(app)
    app.connect("html-page-context", _check_files, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
