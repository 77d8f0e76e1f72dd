"""What is written is what a reader gets: the text goes through the parser of the book."""

from __future__ import annotations

from typing import Any

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from hypothesis import given, settings
from hypothesis import strategies as st
from myst_parser.docutils_ import Parser

from press.pages.markup import admonition, code, escape, figure, link, listing, table, words

PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
AWKWARD = st.text("ab1 |\\`*_${}[]<>&#:\"'~-+.!", min_size=1, max_size=12).map(lambda t: f"x{t}x")
SETTINGS = {
    "myst_enable_extensions": ["colon_fence", "dollarmath", "amsmath", "deflist", "substitution"],
    "report_level": 5,
    "smart_quotes": False,
}


def parsed(text: str) -> nodes.document:
    return publish_doctree(text, parser=Parser(), settings_overrides=SETTINGS)


def rows(document: nodes.document) -> list[list[str]]:
    return [[cell.astext() for cell in row] for row in document.findall(nodes.row)]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.tuples(PLAIN | AWKWARD, AWKWARD), min_size=1, max_size=3), PLAIN | AWKWARD)
def test_any_text_and_any_code_come_through_a_table(pairs: list[tuple[str, str]], head: str) -> None:
    text = table([head, "Code"], [[escape(plain), code(source)] for plain, source in pairs], numbers=())
    found = rows(parsed(text))
    assert found[0][0] == head
    assert found[1:] == [[plain, source.strip()] for plain, source in pairs]


def test_a_table_has_caption_name_classes_alignment_and_columns_to_choose_from() -> None:
    lines = [["a", "1"], ["b", "2"]]
    text = table(["What", "N"], lines, caption="Two.", name="tab-x", classes="ledger", choices=["What"])
    document = parsed(text)
    (found,) = document.findall(nodes.table)
    assert {"ledger", "choice-1"} <= set(found["classes"]) and found["names"] == ["tab-x"]
    assert found.parent["classes"] == ["ledger-scroll"]
    assert next(found.findall(nodes.title)).astext() == "Two."
    entries: list[Any] = list(found.findall(nodes.entry))
    assert [entry["classes"] for entry in entries] == [[], ["text-right"]] * 3


@pytest.mark.parametrize(
    ("column", "number"),
    [
        (["1", "2.5 s"], True),
        (["1", ""], True),
        (["1", "two"], False),
        (["1 (of 2)"], False),
        (["", ""], False),
    ],
)
def test_columns_of_numbers_are_found(column: list[str], number: bool) -> None:
    assert ("---:" in table(["N"], [[cell] for cell in column])) == number


def test_words_have_a_class_and_a_hint_and_can_be_linked() -> None:
    text = link(words("✓ `a|b`", "badge", 'said "so" & <more>'), "target")
    assert text == (
        '[<span class="badge" title="said &quot;so&quot; &amp; &lt;more&gt;">✓ `a|b`</span>](#target)'
    )
    (found,) = parsed(f"(target)=\n# Title\n\n{text}").findall(nodes.reference)
    assert found["refid"] == "target" and "✓ " in found.astext()
    assert words("plain") == "<span>plain</span>"


def test_a_figure_has_name_alternative_text_and_caption() -> None:
    document = parsed(figure("a.png", "fig-a", 'Said: "a" # b', "A *caption*."))
    (found,) = document.findall(nodes.figure)
    image = next(found.findall(nodes.image))
    assert image["alt"] == 'Said: "a" # b' and image["uri"] == "a.png"
    assert next(found.findall(nodes.caption)).astext() == "A caption."


def test_code_is_shown_whatever_fences_it_holds() -> None:
    source = "x = '''\n````\n'''\n# Title"
    (found,) = parsed(listing(source)).findall(nodes.literal_block)
    assert found.astext() == source


def test_an_admonition() -> None:
    text = admonition("A", "warning", "**Text**")
    assert text == ":::{admonition} A\n:class: warning\n**Text**\n:::\n"
