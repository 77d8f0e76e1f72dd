"""Keep a formula and the punctuation that touches it on one line.

Browsers break a line on either side of a formula, so that a comma or a full stop may begin the next one.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

__all__ = ["BindPunctuation", "bind", "setup"]

UNBROKEN = "unbroken"
"""Class of what stays on one line; `book/assets/book.css` says how."""
_BEFORE = re.compile(r"[(\[\"'“‘]+\Z")
_AFTER = re.compile(r"""[,.;:!?)\]"'”’…%]+|-th\b""")


def bind(document: nodes.document) -> None:
    """Put each inline formula, with the opening marks before it and the closing ones after it, into one node.

    The page is changed in place. Formulas that touch no punctuation stay as they are.
    """
    for formula in list(document.findall(nodes.math)):
        parent = formula.parent
        place = parent.index(formula)
        before, after = _text(parent, place - 1), _text(parent, place + 1)
        opening, closing = _BEFORE.search(before), _AFTER.match(after)
        if UNBROKEN in parent["classes"] or not (opening or closing):
            continue
        bound = nodes.inline(classes=[UNBROKEN])
        parent[place] = bound
        if opening:
            parent[place - 1] = nodes.Text(before[: opening.start()])
            bound += nodes.Text(opening[0])
        bound += formula
        if closing:
            parent[place + 1] = nodes.Text(after[closing.end() :])
            bound += nodes.Text(closing[0])


def _text(parent: nodes.Element, place: int) -> str:
    """The text at a place among the children, if there is one."""
    node = parent[place] if 0 <= place < len(parent) else None
    return str(node) if isinstance(node, nodes.Text) else ""


class BindPunctuation(SphinxPostTransform):
    """Apply `bind` to the pages; LaTeX needs no help."""

    default_priority = 900  # after the last reference and the last pasted output
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """Bind the formulas of one page."""
        bind(self.document)


def setup(app: Sphinx) -> None:
    """Register what this module does."""
    app.add_post_transform(BindPunctuation)
