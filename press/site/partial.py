"""What Sphinx and its extensions forget between builds: a book rendered in part is the one from nothing.

Sphinx reads the pages again whose text changed, and writes these. Others show something of them, too: the
caption that a link is made of, the chapters that use an object. sphinx-codeautolink keeps nothing of
notebooks, sphinx-tippy nothing at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_codeautolink.extension import SphinxCodeAutoLink
from sphinx_codeautolink.extension.block import SourceTransform
from sphinx_tippy import get_tippy_data

from press.run.project import HOME, Project

__all__ = ["setup"]

PREVIEWS = "previews.json"
"""What sphinx-tippy noted, beside the state of Sphinx."""

Links = dict[str, list[SourceTransform]]
"""The code of each page, and what its names mean."""


class Captions:
    """Links are made of captions: a page that refers to a changed one is written again."""

    def remember(self, app: Sphinx, env: BuildEnvironment, *changes: object) -> list[str]:
        """Take down the texts of labels as they were."""
        self.before = dict(env.get_domain("std").labels)  # type: ignore[attr-defined]
        return []

    def compare(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Name the pages that may mention a label with a new text."""
        now: dict[str, object] = env.get_domain("std").labels  # type: ignore[attr-defined]
        changed = [name.encode() for name, text in self.before.items() if now.get(name, text) != text]
        trees = {page: Path(env.doctreedir) / f"{page}.doctree" for page in env.found_docs if changed}
        return [page for page, tree in trees.items() if any(map(tree.read_bytes().__contains__, changed))]


class CodeLinks:
    """What sphinx-codeautolink found in the code of pages; the reference says which of them use an object."""

    def __init__(self) -> None:
        self.before: Links = {}
        self.same: Links = {}

    def remember(self, app: Sphinx) -> None:
        """Take what is in the state of Sphinx, before codeautolink begins anew."""
        self.before = getattr(app.env, "sphinx_codeautolink_transforms", {})

    def spare(self, app: Sphinx, env: Any) -> None:
        """Keep what is known of code that is as it was: to find it again imports all that the code does."""
        pages: Links = getattr(env, "sphinx_codeautolink_transforms", {})
        known, env.press_code = getattr(env, "press_code", ""), _code(Path.cwd())
        for page in [p for p in pages if known == env.press_code and _sources(p, pages, self.before)]:
            self.same[page] = pages.pop(page)

    def restore(self, app: Sphinx, env: Any) -> list[str]:
        """Put back what was kept; name the pages of the reference of whose objects the users changed."""
        pages: Links | None = getattr(env, "sphinx_codeautolink_transforms", None)
        if pages is None:  # not HTML
            return []
        extension = next(
            owner
            for listener in app.events.listeners["env-updated"]
            if isinstance(owner := getattr(listener.handler, "__self__", None), SphinxCodeAutoLink)
        )
        before = _users(self.before)
        for page, links in self.before.items():
            if page in env.found_docs and page not in pages:
                for link, new in zip(links, self.same.get(page, links), strict=True):
                    link.names = [
                        name for name in link.names if name.resolved_location in extension.inventory
                    ]
                    link.example = new.example
                pages[page] = links
        extension.code_refs = users = _users(pages)
        changed = [name for name in before.keys() | users.keys() if before.get(name) != users.get(name)]
        objects = env.get_domain("py").objects
        return [objects[name].docname for name in changed if name in objects]


def _users(pages: Links) -> dict[str, list[Any]]:
    """Where each object is used, in the order of the pages."""
    found: dict[str, list[Any]] = {}
    for _, links in sorted(pages.items()):
        for link in links:
            for name in link.names:
                found.setdefault(str(name.resolved_location), []).append(link.example)
    return found


def _sources(page: str, *books: Mapping[str, list[SourceTransform]]) -> bool:
    """Tell whether a page has the same code in both."""
    one, other = ([link.source for link in book.get(page, [])] for book in books)
    return one == other


def _code(root: Path) -> str:
    """Identify the modules that chapters import."""
    roots = (root / (Project(root).setting("library") or "-"), HOME / "press" / "chapter")
    files = sorted(path for place in roots for path in place.rglob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


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


def setup(app: Sphinx) -> None:
    """Register what this module does."""
    captions, links = Captions(), CodeLinks()
    app.connect("env-get-outdated", captions.remember)
    app.connect("env-updated", captions.compare)
    app.connect("builder-inited", links.remember, priority=400)  # 500: codeautolink
    app.connect("env-updated", links.spare, priority=450)
    app.connect("env-updated", links.restore, priority=550)
    app.connect("builder-inited", _restore_previews)
    app.connect("build-finished", _keep_previews, priority=900)
