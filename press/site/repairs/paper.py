"""Tables on paper: in LaTeX, the columns of a wide one share the width of the page."""

from __future__ import annotations

from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

__all__ = ["WideTables", "setup"]

WIDEST = 32  # characters that count when the columns of a table share the width of the paper


class WideTables(SphinxPostTransform):
    """In LaTeX, let the columns of a wide table share the width of the paper; words then break."""

    default_priority = 200
    builders = ("latex",)

    def run(self, **_: Any) -> None:
        """Set the widths of the tables with more than four columns."""
        for table in self.document.findall(nodes.table):
            columns = list(table.findall(nodes.colspec))
            rows = [row.children for row in table.findall(nodes.row)]
            if len(columns) > 4 and all(len(row) == len(columns) for row in rows):
                table["classes"] += ["longtable", "colwidths-given"]
                for number, column in enumerate(columns):
                    longest = max(len(row[number].astext()) for row in rows)
                    column["colwidth"] = max(9, min(longest, WIDEST))


def setup(app: Sphinx) -> None:
    """Register the transform."""
    app.add_post_transform(WideTables)
