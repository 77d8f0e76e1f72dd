from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opgd.paper import reported
from press.chapter.record import record
from press.evidence.sources import anchor
from press.pages import ledger

Cells = Callable[[str], list[list[str]]]
PLACES = {"Table 1": ("rates", "tab-rates")}
CHECKS = ["tests/test_a.py::test_a", "tests/test_a.py::test_b"]


def rows() -> list[Any]:
    good = record("Table 1", "gamma=2 p=1 q=1", 0.49, sd=0.01, check=CHECKS[0])
    bad = record("Table 2", "D=1 gamma=2 p=1 q=2", 0.9, sd=0.01, check=CHECKS[1], why="tried <all> | more")
    return [good | {"chapter": "rates"}, bad | {"chapter": "tables"}]


def test_counts_in_all_and_of_each_item(cells: Cells) -> None:
    text = ledger.counts(rows(), PLACES)
    for verdict, number in {"match": 1, "explained": 0, "unreproduced": 1}.items():
        assert f"- **{verdict}: {number}** of 2, {number} of 2 predictions (" in text
    assert [line[:5] for line in cells(text)[1:]] == [
        ["Table 1", "1", "1", "0", "0"], ["Table 2", "1", "0", "0", "1"],
    ]  # fmt: skip


def test_numbers_that_nobody_recomputed_are_named() -> None:
    text = ledger.counts(rows(), PLACES).replace("\\", "")
    assert "Table 1 (26), Table 2 (53)" in text and "Figure 1 (8)" in text
    everything: Any = [
        {"item": item, "cell": cell, "verdict": "match", "kind": "prediction", "chapter": "rates"}
        for item in reported.items()
        for cell in reported.cells(item)
    ]
    assert ledger.counts(everything, PLACES).endswith("No printed number is left out.\n")


def test_every_row_has_its_numbers_verdict_reason_and_check(cells: Cells) -> None:
    head, first, second = cells(ledger.numbers(rows(), PLACES, linked=False))
    assert tuple(head) == ledger.HEADER
    assert first[7] == "**match**"
    assert first[2:7] == ["0.49", "0.4900", "0.01", "0.00", "0.0"]
    assert second[3] == "0.9000" and second[7] == r"**unreproduced**: tried <all> \| more"
    assert first[8] == "{doc}`rates <rates>`, {numref}`tab-rates`, ` test_a `"
    assert second[8] == "{doc}`tables <tables>`, ` test_b `"


def test_printed_digits_are_kept_and_zero_has_no_sign(cells: Cells) -> None:
    row: Any = record("Table 1", "gamma=1.1 p=0.6 q=1.5", 0.40 - 1e-6, sd=0.01, check=CHECKS[0])
    text = ledger.numbers([row | {"chapter": "rates"}], PLACES, linked=True)
    assert cells(text)[1][2:6] == ["0.40", "0.4000", "0.01", "0.00"]


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
    assert ledger._number(value, "+.2f") == shown


def test_a_row_links_to_its_check(cells: Cells) -> None:
    for row, node in zip(cells(ledger.numbers(rows(), PLACES, linked=True))[1:], CHECKS, strict=True):
        assert row[8].endswith(f'[<span title="{node}">` {node[-6:]} `</span>](#{anchor(node)})')


def test_an_item_of_another_chapter_is_not_linked() -> None:
    assert "numref" not in ledger.numbers(rows(), {"Table 1": ("deeper", "fig-deeper")}, linked=True)


def test_the_script_is_told_how_to_treat_a_column(cells: Cells) -> None:
    lines = ledger.numbers(rows(), PLACES, linked=True).splitlines()
    assert ":class: ledger ledger-numbers filterable choice-1 choice-8" in lines
    rule = next(line for line in lines if line.startswith("| ---"))
    assert rule == "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |"


def test_the_source_of_each_check_has_a_section() -> None:
    text = ledger.checks([*rows(), rows()[0]], {CHECKS[0]: "def test_a(): ..."}, 2)
    assert text.startswith(f"({anchor(CHECKS[0])})=\n## A\n\nTable 1\\: 2 numbers. From ` {CHECKS[0]} `:\n")
    assert text.endswith("```python\ndef test_a(): ...\n```\n")


def test_without_numbers_it_is_said_and_nothing_is_drawn() -> None:
    assert ledger.numbers([], {}, linked=True) == ledger.checks([], {}, 2) == ledger.NOTHING
    assert ledger.picture([], "Caption.") == ""
    assert ":name: fig-ledger-summary" in ledger.picture(rows(), "Caption.")
