"""What a page says of itself to search engines and where its address is sent: two sentences, a picture."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urljoin

from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx

__all__ = ["describe", "setup"]

LONGEST = 160
"""Characters that search engines show."""
_FORMULA = "\ue000"


def describe(doctree: nodes.document) -> str:
    r"""Return the first sentences of a page without formulas, as many as fit; else simply the first one.

    >>> from docutils.core import publish_doctree
    >>> describe(publish_doctree("Title\n=====\n\nA first sentence. A second. " + "And more. " * 20))[:40]
    'A first sentence. A second. And more. An'
    """
    places = (nodes.document, nodes.section, addnodes.desc_content)
    found = (p for p in doctree.findall(nodes.paragraph) if isinstance(p.parent, places))
    paragraph = next(found, None)
    if paragraph is None:
        return ""
    plain = paragraph.deepcopy()
    for formula in list(plain.findall(nodes.math)):
        formula.replace_self(nodes.Text(_FORMULA))
    told = ""
    for sentence in _sentences(plain):
        if _FORMULA in sentence and not told:
            continue
        if _FORMULA in sentence or (told and len(told) + 1 + len(sentence) > LONGEST):
            break
        told += f" {sentence}" if told else sentence
    told = told or _sentences(paragraph)[0]
    return told if len(told) <= LONGEST else told[:LONGEST].rsplit(" ", 1)[0] + " …"


def _sentences(paragraph: nodes.paragraph) -> list[str]:
    return re.split(r"(?<=[.?!]) ", " ".join(paragraph.astext().split()))


def _say(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Add the description, and where the book's address is known what a preview of a link shows."""
    if not isinstance(doctree, nodes.document) or not (told := describe(doctree)):
        return
    tags = {"name": {"description": told}}
    if home := app.config.html_baseurl:
        tags["property"] = {
            "og:type": "article",
            "og:title": html.unescape(re.sub("<[^>]*>", "", context["title"])),
            "og:description": told,
            "og:url": urljoin(home, app.builder.get_target_uri(pagename)),
        }
        names: dict[str, str] = app.builder.images
        if picture := next(
            (names[i["uri"]] for i in doctree.findall(nodes.image) if i["uri"] in names), None
        ):
            tags["property"]["og:image"] = urljoin(home, f"_images/{picture}")
            tags["name"]["twitter:card"] = "summary_large_image"
    context["metatags"] = context.get("metatags", "") + "".join(
        f'<meta {kind}="{name}" content="{html.escape(text)}">\n'
        for kind, found in tags.items()
        for name, text in found.items()
    )


def setup(app: Sphinx) -> None:
    """Register the tags."""
    app.connect("html-page-context", _say)
