"""Numbers of figures in links: Sphinx reads the whole page of the figure for every such link, here once."""

from __future__ import annotations

from functools import cache
from typing import Any

from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain

__all__ = ["Numbers", "setup"]


class Numbers(StandardDomain):
    """The standard domain; the pages that it looks at to resolve links it reads once."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.reader: Any = _Reader(env)

    def resolve_xref(self, env: Any, *place: Any) -> Any:
        """Resolve a link as Sphinx does."""
        return super().resolve_xref(self.reader, *place)


class _Reader:
    """An environment of Sphinx that keeps the pages which it has read: to look at, not to change."""

    def __init__(self, env: Any) -> None:
        self.env, self.get_doctree = env, cache(env.get_doctree)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.env, name)


def setup(app: Sphinx) -> None:
    """Register what this module does."""
    app.add_domain(Numbers, override=True)
