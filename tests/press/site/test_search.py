"""The index of the book's own search: sections, each with its own words, and nothing that is not prose."""

from __future__ import annotations

import json

import pytest

from press.site.search import index, sections, with_own_search

PAGE = """<html><body><nav>Menu</nav><article>
<section id="a"><h1>Rates<a class="headerlink" href="#a">#</a></h1><p>The <b>risk</b>.</p>
<div class="cell_input"><pre>code</pre></div><div class="math">\\[x\\]</div><script>run()</script>
<section id="b"><h2>One</h2><p>First <span class="math">\\(\\lambda_j\\)</span>, then</p>
<div><section id="proof-content"><p>box</p></section></div>
<section id="c"><h3>Two</h3><table><tr><td>cell</td></tr></table><p>deep</p></section><p>more.</p></section>
</section></article></body></html>"""


def test_each_section_has_its_own_words() -> None:
    found = sections(PAGE, "rates.html")
    assert [(s["id"], s["title"], s["page"], s["text"]) for s in found] == [
        ("rates.html", "Rates", "Rates", "The risk."),
        ("rates.html#b", "One", "Rates", "First lambda j, then box more."),
        ("rates.html#c", "Two", "Rates", "deep"),
    ]
    assert {s["weight"] for s in found} == {1.0}


@pytest.mark.parametrize("name", ["checks.html", "api/opgd-rates.html"])
def test_what_is_looked_up_counts_less(name: str) -> None:
    assert 0 < sections(PAGE, name)[0]["weight"] < 1


@pytest.mark.parametrize("name", ["index.html", "search.html", "genindex.html", "404.html"])
def test_pages_that_are_no_text_are_left_out(name: str) -> None:
    assert sections(PAGE, name) == []
    assert sections("<p>no article</p>", "rates.html") == []


def test_the_index_is_a_script() -> None:
    found = sections(PAGE, "rates.html")
    text = index(found)
    assert json.loads(text.removeprefix("window.SECTIONS = ").removesuffix(";\n")) == found


def test_the_search_page_loads_nothing_of_sphinx() -> None:
    theirs = [
        f'<script src="{name}.js{version}"></script>'
        for name in ("_static/searchtools", "_static/language_data", "searchindex")
        for version in ("", "?v=1")
    ]
    page = with_own_search("<head>" + "\n".join(theirs) + '<script src="a.js"></script></head><body></body>')
    assert page.count("<script") == 4 and "searchtools" not in page and '<script src="a.js">' in page
