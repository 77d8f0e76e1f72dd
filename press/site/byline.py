"""The line below a title: times to read and to run, the notebook to download, how to cite."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx

__all__ = ["byline", "minutes_to_read", "setup"]

WORDS_PER_MINUTE = 200
MINUTES_PER_FORMULA = 0.25
MINUTES_PER_FIGURE = 0.5
CITE_PAGE = "cite"


def minutes_to_read(doctree: nodes.document) -> int:
    """Estimate how long the prose of a page takes to read, without its code: whole minutes, at least one.

    200 words a minute, a quarter of a minute for each displayed formula, half a minute for each figure or
    table.
    """
    prose = doctree.deepcopy()
    formulas = len(list(prose.findall(nodes.math_block)))
    figures = len(list(prose.findall(lambda n: isinstance(n, nodes.figure | nodes.table))))
    for kind in (nodes.literal_block, nodes.math_block, nodes.table, nodes.raw):
        for node in list(prose.findall(kind)):
            node.parent.remove(node)
    words = len(prose.astext().split())
    minutes = words / WORDS_PER_MINUTE + MINUTES_PER_FORMULA * formulas + MINUTES_PER_FIGURE * figures
    return max(1, math.ceil(minutes))


def byline(minutes: int, seconds: float | None, download: str | None, cite: str | None) -> str:
    """Line below a page's title, as HTML: minutes to read, seconds that the page's code ran, two links.

    A page without code has no seconds.

    >>> byline(3, None, None, None)
    '<div class="byline d-print-none"><span>About 3 minutes to read</span></div>'
    """
    parts = [f"<span>About {minutes} minute{'s' if minutes > 1 else ''} to read</span>"]
    if seconds is not None:
        parts.append(f"<span>ran in {_duration(seconds)}</span>")
    if download is not None:
        parts.append(f'<a href="{html.escape(download)}" download>executed notebook</a>')
    if cite is not None:
        parts.append(f'<a href="{html.escape(cite)}">cite</a>')
    if seconds is not None:
        parts.append('<button type="button" class="show-code" hidden>show all code</button>')
    return f'<div class="byline d-print-none">{"".join(parts)}</div>'


def _duration(seconds: float) -> str:
    """Seconds below two minutes, minutes above."""
    if seconds < 1:
        return "under 1 s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _add_byline(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put the line below the title of a page that has prose."""
    if doctree is None:
        return
    path_to: Callable[..., str] = context["pathto"]
    seconds, download = None, None
    notebook = Path(app.srcdir) / f"{pagename}.ipynb"
    if notebook.is_file():
        seconds = json.loads(notebook.read_text(encoding="utf-8"))["metadata"]["press"]["seconds"]
        _, stored = app.env.dlfiles.get(f"downloads/{pagename}.ipynb", (None, None))
        download = path_to(f"_downloads/{stored}", resource=True) if stored else None
    cite = path_to(CITE_PAGE) if CITE_PAGE in app.env.found_docs and pagename != CITE_PAGE else None
    line = byline(minutes_to_read(doctree), seconds, download, cite)
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{line}", 1)


def setup(app: Sphinx) -> None:
    """Register what this module does."""
    app.connect("html-page-context", _add_byline)
