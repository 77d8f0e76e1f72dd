"""Local Sphinx extension: what the site adds to Jupyter Book, and no scripts from other hosts."""

from __future__ import annotations

from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from press.site import api, byline, numbers, partial, summary
from press.site.repairs import notfound, paper, typography

__all__ = ["setup"]


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


def _add_filter(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Load the script on pages with a table that can be filtered, and on no other."""
    if isinstance(doctree, nodes.document) and any(
        "filterable" in table["classes"] for table in doctree.findall(nodes.table)
    ):
        app.add_js_file("filter.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register all that the site adds."""
    for part in (api, partial, numbers, byline, summary, notfound, typography, paper):
        part.setup(app)
    _drop_thebe(app)
    app.connect("html-page-context", _add_filter)
    app.connect("html-page-context", _check_files, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
