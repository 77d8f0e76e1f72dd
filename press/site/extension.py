"""Local Sphinx extension: what the site adds to Jupyter Book, and no scripts from other hosts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx_tippy import get_tippy_data

from press.site import api, byline, pdf
from press.site.repairs import notfound, typography

__all__ = ["setup"]

PREVIEWS = "previews.json"
"""What sphinx-tippy noted, beside the state of Sphinx."""


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


def _keep_previews(app: Sphinx, exception: Exception | None) -> None:
    """Store what sphinx-tippy noted while pages were written: Sphinx stores its own state before that."""
    if exception is None and app.builder.name == "html":
        pages = {
            name: page | {"id_to_html": list(page["id_to_html"].items()), "js_path": str(page["js_path"])}
            for name, page in get_tippy_data(app)["pages"].items()
        }
        text = json.dumps(pages, default=list)  # of a set, which JSON does not know
        (Path(app.doctreedir) / PREVIEWS).write_text(text, encoding="utf-8")


def _restore_previews(app: Sphinx) -> None:
    """Give sphinx-tippy back what it noted of the pages that are not written this time."""
    path = Path(app.doctreedir) / PREVIEWS
    if app.builder.name == "html" and path.is_file():
        for name, page in json.loads(path.read_text(encoding="utf-8")).items():
            sets = {key: set(page[key]) for key in ("custom_in_page", "wiki_titles", "dois", "rtd_urls")}
            sets["refs_in_page"] = {tuple(reference) for reference in page["refs_in_page"]}
            dicts = {"id_to_html": dict(page["id_to_html"]), "js_path": Path(page["js_path"])}
            get_tippy_data(app)["pages"][name] = page | sets | dicts


def setup(app: Sphinx) -> dict[str, Any]:
    """Register all that the site adds."""
    for part in (api, byline, notfound, typography, pdf):
        part.setup(app)
    _drop_thebe(app)
    app.connect("builder-inited", _restore_previews)
    app.connect("build-finished", _keep_previews, priority=900)
    app.connect("html-page-context", _add_filter)
    app.connect("html-page-context", _check_files, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
