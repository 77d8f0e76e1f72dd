from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.core import publish_doctree
from hypothesis import given, settings
from hypothesis import strategies as st

from press.site.summary import LONGEST, _say, describe

BOX = ".. note:: Not this.\n\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"Title\n=====\n\n{BOX}This one. And this.\n\nNot this.", "This one. And this."),
        ("Plain. With :math:`x^2` not. Nor this.", "Plain."),
        ("With :math:`x^2`. Then this. With :math:`y`.", "Then this."),
        ("With :math:`x^2`. With :math:`y`.", "With x^2."),
        (f"Short. {'long ' * 40}.", "Short."),
        (BOX, ""),
    ],
)
def test_the_first_sentences_that_fit(text: str, told: str) -> None:
    document = publish_doctree(text)
    before = document.pformat()
    assert describe(document) == told
    assert document.pformat() == before


@settings(derandomize=True, deadline=None)
@given(st.lists(st.text("abc .\u00e9", min_size=1, max_size=90)))
def test_never_too_long(texts: list[str]) -> None:
    document = publish_doctree("")
    document += [nodes.paragraph("", text) for text in texts]
    assert len(describe(document)) <= LONGEST + 2


@pytest.mark.parametrize("home", ["", "https://example.org/book/"])
def test_tags(home: str) -> None:
    document = publish_doctree('A "quoted" sentence.')
    document += nodes.image(uri="first.png")
    builder = SimpleNamespace(images={"first.png": "first1.png"}, get_target_uri="{}.html".format)
    app: Any = SimpleNamespace(config=SimpleNamespace(html_baseurl=home), builder=builder)
    context = {"title": "<i>One</i> &amp; two", "metatags": "<meta name='other' content='kept'>"}
    _say(app, "page", "page.html", context, document)
    _say(app, "genindex", "genindex.html", dict(context), None)
    tags = BeautifulSoup(context["metatags"], "html.parser").select("meta")
    said = {str(tag.get("name") or tag.get("property")): tag["content"] for tag in tags}
    assert said["description"] == 'A "quoted" sentence.' and said["other"] == "kept"
    assert ("og:title" in said) == bool(home)
    if home:
        assert said["og:title"] == "One & two" and said["og:url"] == f"{home}page.html"
        assert said["og:image"] == f"{home}_images/first1.png"
