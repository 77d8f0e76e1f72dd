from __future__ import annotations

import pytest
from docutils import nodes
from docutils.utils import new_document
from hypothesis import given, settings
from hypothesis import strategies as st

from press.site.repairs.typography import UNBROKEN, bind


def page(*parts: str) -> nodes.document:
    """A document of one paragraph; parts in dollar signs are formulas."""
    document = new_document("page")
    paragraph = nodes.paragraph()
    document += paragraph
    for part in parts:
        paragraph += nodes.math(text=part[1:-1]) if part.startswith("$") else nodes.Text(part)
    return document


def bound(document: nodes.document) -> list[str]:
    bind(document)
    return [node.astext() for node in document.findall(nodes.inline) if UNBROKEN in node["classes"]]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["so ", "$x$", ", which"], ["x,"]),
        (["so ", "$x$", "."], ["x."]),
        (["(", "$x$", "), then"], ["(x),"]),
        (["the ", "$j$", "-th one"], ["j-th"]),
        (["an ", "$n$", "-dimensional one"], []),
        (["so ", "$x$", " is"], []),
        (["$x$", ", ", "$y$", ": both"], ["x,", "y:"]),
        (["(", "$x$", "$y$", ")"], ["(x", "y)"]),
        (["$x$"], []),
    ],
)
def test_punctuation_stays_with_its_formula(parts: list[str], expected: list[str]) -> None:
    assert bound(page(*parts)) == expected


@given(st.lists(st.one_of(st.sampled_from("abc").map("${}$".format), st.text("(),. a-th", min_size=1))))
@settings(derandomize=True, deadline=None)
def test_no_letter_is_lost_or_moved_and_once_is_enough(parts: list[str]) -> None:
    document = page(*parts)
    text = document.astext()
    first = bound(document)
    assert document.astext() == text
    assert bound(document) == first
    assert len(list(document.findall(nodes.math))) == sum(part.startswith("$") for part in parts)
