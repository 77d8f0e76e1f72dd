from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from docutils import nodes
from sphinx import addnodes

from opgd.paper import reported
from press.chapter.record import record
from press.evidence.sources import anchor
from press.pages import ledger as ledger_page

PLACES = {"Table 1": ("rates", "tab-rates")}


def rows() -> list[Any]:
    good = record("Table 1", "gamma=2 p=1 q=1", 0.49, sd=0.01, check="tests/test_a.py::test_a")
    bad = record(
        "Table 2", "D=1 gamma=2 p=1 q=2", 0.9, sd=0.01, check="tests/test_a.py::test_b", why="tried <all>"
    )
    return [good | {"chapter": "rates"}, bad | {"chapter": "tables"}]


def links(node: nodes.Node, kind: type[nodes.Node] = addnodes.pending_xref) -> Sequence[Any]:
    return list(node.findall(kind))


def test_counts() -> None:
    text = ledger_page._counts(rows()).astext()
    assert "match: 1 of 2" in text and "explained: 0 of 2" in text and "unreproduced: 1 of 2" in text


def test_counts_of_each_item() -> None:
    table = ledger_page._items(rows(), PLACES)
    lines = [[cell.astext() for cell in row] for row in table.findall(nodes.row)][1:]
    assert [line[:5] for line in lines] == [["Table 1", "1", "1", "0", "0"], ["Table 2", "1", "0", "0", "1"]]


def test_every_row_has_its_numbers_verdict_reason_and_check() -> None:
    table = ledger_page._table(rows(), PLACES, linked=True)
    text = table.astext()
    for part in ("0.49", "0.9000", "unreproduced", ": tried <all>", "test_b", "rates"):
        assert part in text
    assert {len(row.children) for row in table.findall(nodes.row)} == {len(ledger_page.HEADER)}


def test_printed_digits_are_kept_and_zero_has_no_sign() -> None:
    cell = "gamma=1.1 p=0.6 q=1.5"
    row = record("Table 1", cell, 0.40 - 1e-6, sd=0.01, check="tests/test_a.py::test_a") | {
        "chapter": "rates"
    }
    body = next(ledger_page._table([row], PLACES, linked=True).findall(nodes.tbody))  # type: ignore[list-item]
    assert [cell.astext() for cell in body.findall(nodes.entry)][2:6] == ["0.40", "0.4000", "0.01", "0.00"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-0.004, "0.00"),
        (0.0, "0.00"),
        (0.004, "0.00"),
        (-0.006, "-0.01"),
        (0.006, "+0.01"),
        (-12.0, "-12.00"),
    ],
)
def test_signs(value: float, shown: str) -> None:
    assert ledger_page._number(value, "+.2f") == shown


def test_a_row_links_to_chapter_figure_and_check() -> None:
    table = ledger_page._table(rows(), PLACES, linked=True)
    targets = [(link["reftype"], link["reftarget"]) for link in links(table)]
    assert targets == [("doc", "/rates"), ("numref", "tab-rates"), ("doc", "/tables")]
    checks = [(link["refuri"], link["reftitle"]) for link in links(table, nodes.reference)]
    nodes_ = ["tests/test_a.py::test_a", "tests/test_a.py::test_b"]
    assert checks == [(f"checks.html#{anchor(node)}", node) for node in nodes_]
    assert not links(ledger_page._table(rows(), PLACES, linked=False), nodes.reference)


def test_an_item_of_another_chapter_is_not_linked() -> None:
    table = ledger_page._table(rows(), {"Table 1": ("deeper", "fig-deeper")}, linked=True)
    assert {link["reftype"] for link in links(table)} == {"doc"}


def test_numbers_that_nobody_recomputed_are_named() -> None:
    text = ledger_page._missing(rows()).astext()
    assert "Table 1 (26), Table 2 (53)" in text and "Figure 1 (8)" in text
    everything = [{"item": item, "cell": cell} for item in reported.items() for cell in reported.cells(item)]
    assert ledger_page._missing(everything).astext() == "No printed number is left out."  # type: ignore[arg-type]


@pytest.mark.parametrize("column", ledger_page.CHOICES + ledger_page.NUMBERS)
def test_the_head_tells_the_script_how_to_treat_a_column(column: str) -> None:
    head = next(ledger_page._table(rows(), PLACES, linked=True).findall(nodes.thead))
    entry = next(entry for entry in head.findall(nodes.entry) if entry.astext() == column)
    assert entry["classes"] == (["number"] if column in ledger_page.NUMBERS else ["choice"])
