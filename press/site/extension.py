"""Local Sphinx extension: the book's directives and roles, and no scripts from other hosts."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from press.evidence import long_runs
from press.pages import citation, speed, status
from press.pages import ledger as ledger_page
from press.pages import statements as badges
from press.site import byline as reading
from press.site import pdf, sphinx_api
from press.site.repairs import accessibility, notfound, typography

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
    parts = (badges, ledger_page, long_runs, sphinx_api, status, speed, reading, citation, notfound)
    for part in (*parts, accessibility, typography, pdf):
        part.setup(app)
    _drop_thebe(app)
    app.connect("html-page-context", _check_files, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
