"""The numbers printed in the paper, against an independent reading of the file."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from opgd.paper import reported


def test_every_item() -> None:
    figures = {"Figure 1": 8, "Figure 2": 1, "Figure 3": 16, "Figure 4": 3, "Figure 5": 4, "Figure 6": 4}
    counts = figures | {"Table 1": 27, "Table 2": 54}
    assert {item: len(reported.cells(item)) for item in counts} == counts


@pytest.mark.parametrize(("item", "cell", "value", "unit"), [
    ("Figure 1", "gamma=1.5 vanilla_error slope", -0.374, 0.001),
    ("Figure 1", "gamma=1.5 opgd_error slope", -0.533, 0.001),
    ("Figure 1", "gamma=1.5 vanilla_error intercept", 0.29, 0.01),
    ("Figure 1", "gamma=1.5 opgd_error intercept", 0.65, 0.01),
    ("Figure 1", "gamma=3 vanilla_error slope", -0.341, 0.001),
    ("Figure 1", "gamma=3 opgd_error slope", -0.499, 0.001),
    ("Figure 3", "gamma=1.5 vanilla_steps slope", 1.03, 0.01),
    ("Figure 3", "gamma=1.5 opgd_steps intercept", -0.21, 0.01),
    ("Figure 3", "gamma=3 vanilla_steps intercept", 2.02, 0.01),
    ("Figure 3", "gamma=3 opgd_error intercept", 0.55, 0.01),
    ("Table 1", "gamma=1.1 p=0.6 q=1", 0.38, 0.01), ("Table 1", "gamma=2 p=1 q=1.5", 0.46, 0.01),
    ("Table 1", "gamma=3 p=3 q=2", 0.74, 0.01),
    ("Table 2", "D=1 gamma=3 p=0.6 q=1.5", 0.32, 0.01), ("Table 2", "D=2 gamma=1.1 p=3 q=2", 0.75, 0.01),
    ("Figure 5", "fixed_kernel slope", -0.31, 0.01), ("Figure 5", "diagonal_adapt intercept", 0.27, 0.01),
    ("Figure 6", "california largest", 2, 0.5), ("Figure 6", "california frequencies", 140_000, 20_000),
    ("Figure 6", "concrete largest", 30, 10), ("Figure 6", "concrete frequencies", 14_000, 2000),
    ("Figure 2", "D=1 last frame", 300, 50), ("Figure 4", "D=0 last frame", 100, 50),
    ("Figure 4", "D=1 last frame", 300, 50), ("Figure 4", "D=3 last frame", 700, 50),
])  # fmt: skip
def test_printed_numbers(item: str, cell: str, value: float, unit: float) -> None:
    printed = reported.lookup(item, cell)
    assert (printed.value, printed.unit) == (value, pytest.approx(unit, rel=1e-12))


def test_trailing_zeros_count_as_printed() -> None:
    assert reported.lookup("Table 1", "gamma=1.1 p=0.6 q=1.5").unit == pytest.approx(0.01)  # printed 0.40
    assert reported.lookup("Figure 5", "fixed_kernel intercept").unit == pytest.approx(0.01)


def test_numbers_are_shown_with_the_digits_of_the_file() -> None:
    text = files("opgd.paper").joinpath("reported.toml").read_text("utf-8")
    digits = {number.replace("_", "") for number in re.findall(r"-?[0-9][0-9_]*(?:\.[0-9]+)?", text)}
    for item in reported.items():
        shown = {cell: str(reported.lookup(item, cell)) for cell in reported.cells(item)}
        assert set(shown.values()) <= digits
        assert all(float(text) == reported.lookup(item, cell).value for cell, text in shown.items())
    assert str(reported.lookup("Table 1", "gamma=1.1 p=0.6 q=1.5")) == "0.40"


def test_figure_3_repeats_figure_1() -> None:
    for cell in reported.cells("Figure 1"):
        assert reported.lookup("Figure 1", cell) == reported.lookup("Figure 3", cell)
    assert [cell for cell in reported.cells("Figure 3") if cell not in reported.cells("Figure 1")] == [
        f"{panel} {flow}_steps {name}"
        for panel in ("gamma=1.5", "gamma=3")
        for flow in ("vanilla", "opgd")
        for name in ("slope", "intercept")
    ]


def test_unknown_names() -> None:
    with pytest.raises(KeyError, match=r"Figure 9.*Figure 1.*Table 2"):
        reported.cells("Figure 9")
    with pytest.raises(KeyError, match="Table 3"):
        reported.lookup("Table 3", "gamma=2 p=1 q=1")
    with pytest.raises(KeyError, match=r"gamma=4.*gamma=1\.1 p=0\.6 q=1"):
        reported.lookup("Table 1", "gamma=4 p=1 q=1")
