from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from press.run.ranges import Choices, Interval, read_relation, split_comment


@pytest.mark.parametrize(
    ("comment", "inside", "outside"),
    [
        ("[1, 3] x", [1, 2.5, 3], [0.999, 3.001, math.inf, math.nan, True, "2"]),
        ("(0, inf) x", [5e-324, 1e308], [0, -1, math.inf, math.nan]),
        ("(0, inf] x", [math.inf], [0, math.nan]),
        ("[-inf, -.5) x", [-math.inf, -1], [-0.5, 0]),
        ("[1e-3, 100_000] x", [0.001, 100000], [0.0009]),
        ("{1, 3} x", [1, 3], [2, True, "1"]),
        ('{mean, "per trial"} x', ["mean", "per trial"], ["trial", ""]),
    ],
)
def test_membership(comment: str, inside: list[object], outside: list[object]) -> None:
    allowed, text = split_comment(comment)
    assert allowed is not None and text == "x"
    assert [value for value in inside if value not in allowed] == []
    assert [value for value in outside if value in allowed] == []


@pytest.mark.parametrize("comment", ["[1, 3 x", "(3, 1) x", "(1, 1] x", "{} x", "[a, b] x", "[1; 3] x"])
def test_what_only_looks_like_a_range_is_refused(comment: str) -> None:
    with pytest.raises(ValueError):
        split_comment(comment)


def test_no_range() -> None:
    assert split_comment("  seed of the noise") == (None, "seed of the noise")


@given(
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
    st.booleans(),
    st.booleans(),
    st.floats(allow_nan=False),
)
def test_written_intervals_are_read_back(
    low: float, high: float, first: bool, last: bool, value: float
) -> None:
    low, high = float(f"{low:.15g}"), float(f"{high:.15g}")
    interval = Interval(low, high, first, last)
    if low < high:
        assert split_comment(f"{interval} help") == (interval, "help")
        assert (value in interval) == (
            low < value < high or (value == low and first) or (value == high and last)
        )


def test_choices_are_written_as_read() -> None:
    allowed, _ = split_comment("{1, two} x")
    assert allowed == Choices((1, "two")) and str(allowed) == "{1, two}"


NAMES = {"low": 1.0, "high": 10.0, "sizes": [1, 2, 4], "depths": [0, 1, 1], "zero": 0}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("low < high", True),
        ("high <= low", False),
        ("10 * low <= high", True),
        ("increasing(sizes)", True),
        ("increasing(depths)", False),
        ("distinct(sizes)", True),
        ("distinct(depths)", False),
        ("len(sizes) == len(depths)", True),
        ("len(sizes) >= 4", False),
        ("0 in depths and 0 not in sizes", True),
        ("not distinct(depths) or low > high", True),
        ("max(sizes) < min(low, high)", False),
        ("1 / zero < 2", False),
    ],
)
def test_relations(text: str, holds: bool) -> None:
    relation = read_relation(text, list(NAMES))
    assert relation.text == text and set(relation.names) <= set(NAMES)
    assert relation.holds(NAMES) is holds


@pytest.mark.parametrize(
    "text",
    [
        "", "low <", "low = high", "1 < 2", "lo < high", "low.real < 1", "sizes[0] < 1", "[low] == sizes",
        "sum(sizes) > 1", "__import__('os')", "(lambda: low)()", "len < low", "low if high else low",
        "f'{low}' == high",
    ],
)  # fmt: skip
def test_what_is_no_relation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="relation"):
        read_relation(text, list(NAMES))
