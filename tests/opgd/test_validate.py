"""Messages name the argument, its value and what is allowed."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from cases import TWO_LAYER, VANILLA, raises

from opgd import OverParameterizedFlow
from opgd import _validate as check

METHODS = [VANILLA.estimate, VANILLA.linearize, TWO_LAYER.estimate, TWO_LAYER.state, TWO_LAYER.linearize]


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.int8(1), Fraction(1), np.array(1.0)[()]])
def test_real_numbers(value: Any) -> None:
    number = check.real("x", value, above=0)
    assert number == 1.0
    assert type(number) is float


@pytest.mark.parametrize(
    "value",
    [True, np.True_, "1", None, 1j, [1.0], np.array([1.0]), Decimal(1), math.nan, math.inf, 0.0, -1, 10**400],
)
def test_what_is_not_a_positive_real_number(value: Any) -> None:
    raises(lambda: check.real("x", value, above=0), "x", repr(value), "> 0")


def test_bounds_of_real_numbers() -> None:
    assert check.real("x", 1, least=1) == 1
    assert check.real("x", math.inf, infinite=True) == math.inf
    raises(lambda: check.real("x", 0.5, least=1), "x = 0.5", ">= 1")
    raises(lambda: check.real("x", -math.inf, infinite=True), "-inf")
    raises(lambda: check.real("x", math.nan, infinite=True), "nan")


def test_whole_numbers() -> None:
    assert check.whole("k", np.int64(3), least=0) == 3
    assert type(check.whole("k", np.int64(3), least=0)) is int
    for bad in (True, np.True_, 1.0, "1", None, -1, 6, math.nan, [1]):
        raises(
            lambda bad=bad: check.whole("k", bad, least=0, most=5),
            f"k = {bad!r}",
            "whole number >= 0 and <= 5",
        )


def test_arrays() -> None:
    for value in (1, [1, 2], [[1.5]], np.arange(3, dtype=np.uint8), np.float32(2), []):
        assert check.array("x", value).dtype == np.float64
    values = np.array([1.0, 2.0])
    assert check.array("x", values) is values
    for bad in (
        "a",
        None,
        [None],
        1j,
        True,
        [True],
        [[1], [1, 2]],
        {},
        object(),
        np.array(["2020-01-01"], "M8[D]"),
    ):
        raises(lambda bad=bad: check.array("x", bad), "x = ", "finite")
    raises(lambda: check.array("x", [1.0, math.nan]), "x holds nan", "finite")
    raises(lambda: check.array("x", [1.0, math.inf]), "x holds inf", "finite")
    raises(lambda: check.array("x", [1.0, -math.inf], infinite=True), "x holds -inf")
    raises(lambda: check.array("x", [1.0, math.nan], infinite=True), "x holds nan")
    raises(lambda: check.array("x", [1.0, -2.0], least=0), "x holds -2.0", ">= 0")
    assert check.array("x", [0.0, math.inf], least=0, infinite=True).tolist() == [0, math.inf]


def test_broadcasting() -> None:
    a, b = np.zeros((2, 1)), np.zeros(3)
    assert check.broadcast(a=a, b=b) == (2, 3)
    raises(lambda: check.broadcast(a=b, b=np.zeros(2)), "a of shape (3,)", "b of shape (2,)", "must agree")


@pytest.mark.parametrize(("name", "value"), [
    ("z", math.nan), ("z", [1.0, math.inf]), ("z", "1"), ("z", None), ("z", 1j), ("z", True),
    ("z", [[1.0], [1.0, 2.0]]),
    ("eigenvalues", -1e-300), ("eigenvalues", math.nan), ("eigenvalues", math.inf), ("eigenvalues", "x"),
    ("eigenvalues", [True]),
    ("t", -1.0), ("t", math.nan), ("t", [0.0, -math.inf]), ("t", "late"), ("t", 2j), ("t", False),
])  # fmt: skip
@pytest.mark.parametrize("method", METHODS)
def test_bad_input_of_flows(method: Any, name: str, value: Any) -> None:
    good: dict[str, Any] = {"z": 1.0, "eigenvalues": 1.0, "t": 1.0}
    raises(lambda: method(**{**good, name: value}), name)


@pytest.mark.parametrize("method", METHODS)
def test_shapes_of_flows_that_do_not_broadcast(method: Any) -> None:
    raises(
        lambda: method([1.0] * 2, [1.0] * 3, 1.0), "z of shape (2,)", "eigenvalues of shape (3,)", "broadcast"
    )


@pytest.mark.parametrize(("name", "value"), [
    ("depth", -1), ("depth", 1.0), ("depth", True), ("depth", "1"), ("depth", None), ("depth", math.nan),
    ("b0", 0.0), ("b0", -1.0), ("b0", math.nan), ("b0", math.inf), ("b0", "1"), ("b0", True),
    ("separate_layers", 1), ("separate_layers", None), ("separate_layers", "yes"),
])  # fmt: skip
def test_bad_flows(name: str, value: Any) -> None:
    raises(lambda: OverParameterizedFlow(**{"depth": 1, name: value}), f"{name} = {value!r}", "must be")


@pytest.mark.parametrize(("name", "value"), [
    ("depth", -1), ("depth", 0.5), ("epsilon", 0.0), ("epsilon", -1.0), ("epsilon", math.nan),
    ("epsilon", "0.1"), ("epsilon", True),
    ("separate_layers", 0),
])  # fmt: skip
def test_bad_tuning(name: str, value: Any) -> None:
    raises(
        lambda: OverParameterizedFlow.tuned(**{"depth": 1, "epsilon": 0.1, name: value}),
        f"{name} = {value!r}",
        "must be",
    )


def test_masked_values_are_refused() -> None:
    """numpy would read what lies below the mask."""
    values = np.ma.masked_array([1.0, 7.0], mask=[False, True])
    raises(lambda: check.array("z", values), "z", "1 masked")
    assert check.array("z", np.ma.masked_array([1.0, 7.0])).tolist() == [1.0, 7.0]
