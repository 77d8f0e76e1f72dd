"""The book's own search: an index of its sections, and the page that searches it in the browser.

Sphinx's search ranks whole pages by single words and fetches each page for an excerpt. Here the sections of
all pages are one file, which a library in the browser ranks (`book/assets/search`); it needs no server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bs4 import BeautifulSoup, Tag

from press.site.repairs.accessibility import spoken

__all__ = ["INDEX", "SEARCH", "index", "sections", "with_own_search"]

SEARCH = "search.html"
INDEX = "_static/search-index.js"
LESSER = {"checks": 0.3, "statements": 0.6, "ledger": 0.7, "speed": 0.5, "status": 0.4, "api": 0.05}
"""How much pages count that are looked up rather than read; chapters count 1."""
_CODE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
_LEFT_OUT = "script, style, table, div.math, .headerlink, .cell_input, .byline, summary, .eqno, .made-by"
_NOT_PAGES = {"index.html", "search.html", "genindex.html", "404.html"}
_SPHINX = re.compile(
    r'<script src="(?:_static/(?:searchtools|language_data)|searchindex)\.js[^"]*"></script>\s*'
)


def sections(html: str, name: str) -> list[dict[str, Any]]:
    """List the sections of a page: address, title, title of the page, text, and how much they count.

    >>> page = '<article><section id="a"><h1>Rates</h1><p>Of <b>risk</b>.</p></section></article>'
    >>> sections(page, "rates.html")
    [{'id': 'rates.html', 'title': 'Rates', 'page': 'Rates', 'text': 'Of risk.', 'weight': 1.0}]
    """
    article = BeautifulSoup(_CODE.sub("", html), "html.parser").find("article")
    if name in _NOT_PAGES or not isinstance(article, Tag):
        return []
    for formula in article.select("span.math"):
        formula.replace_with(spoken(formula.get_text()))
    for element in article.select(_LEFT_OUT):
        element.decompose()
    weight = LESSER.get(name.partition("/")[0].removesuffix(".html"), 1.0)
    found: list[dict[str, Any]] = []
    headings = article.select("section[id] > :is(h1, h2, h3, h4, h5, h6)")  # a box is a section, too
    for heading in reversed(headings):  # inner sections leave before those around them are read
        section, title = heading.find_parent("section"), _words(heading)
        assert section is not None  # as selected
        heading.decompose()
        address = name if heading is headings[0] else f"{name}#{section['id']}"
        found.append({"id": address, "title": title, "text": _words(section), "weight": weight})
        section.decompose()
    found.reverse()
    return [{"id": f["id"], "title": f["title"], "page": found[0]["title"]} | f for f in found]


def index(found: Iterable[Mapping[str, Any]]) -> str:
    """Return the script that holds the sections of all pages."""
    return f"window.SECTIONS = {json.dumps(list(found), ensure_ascii=False, separators=(',', ':'))};\n"


def with_own_search(html: str) -> str:
    """Let the search page load the book's own search instead of Sphinx's.

    >>> print(with_own_search('<script src="searchindex.js"></script><p></p></body>'))
    <p></p><script src="_static/search/minisearch.js"></script>
    <script src="_static/search-index.js"></script>
    <script src="_static/search/search.js"></script></body>
    """
    scripts = ["_static/search/minisearch.js", INDEX, "_static/search/search.js"]
    tags = "\n".join(f'<script src="{script}"></script>' for script in scripts)
    return _SPHINX.sub("", html).replace("</body>", f"{tags}</body>")


def _words(element: Tag) -> str:
    return re.sub(r" (?=[.,;:)])", "", " ".join(element.get_text(" ").split()))
