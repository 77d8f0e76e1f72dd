"""The sequence model and the power-law problem."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from cases import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from opgd import PowerLaw, SequenceModel


def test_power_law_by_hand() -> None:
    model = PowerLaw(p=1, q=1.5, gamma=2, n=25, size=9).truncated()  # l = 1, 2, 5, 8
    assert model.signal.tolist() == [1, 0.5, 0, 0, 1 / 3, 0, 0, 0.25, 0]
    assert model.eigenvalues == pytest.approx([1 / j**2 for j in range(1, 10)], rel=1e-15)
    assert model.epsilon == 0.2
    assert model.size == 9


@pytest.mark.parametrize("q", [1, 1.02, 1.3, 1.5, 2, 3, 3.3, 50])
@pytest.mark.parametrize("size", [1, 2, 3, 9, 10, 999, 1000, 1001, 20_000])
def test_signals_are_counted_and_placed(q: float, size: int) -> None:
    problem = PowerLaw(p=0.6, q=q, gamma=1, n=100, size=size)
    positions = []
    j = 1
    while math.floor(float(j) ** q) <= size:
        positions.append(math.floor(float(j) ** q))
        j += 1
    assert problem.signals == len(positions)
    assert problem.positions(np.arange(1.0, len(positions) + 1)).tolist() == positions
    assert (np.flatnonzero(problem.truncated().signal) + 1).tolist() == positions
    assert problem.truncated().signal[positions[-1] - 1] == pytest.approx(len(positions) ** -0.8)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(1, 2**53), st.sampled_from([1.0, 1.5, 2.0, 3.0]) | st.floats(1, 8))
def test_signals_of_large_problems(size: int, q: float) -> None:
    count = PowerLaw(p=1, q=q, gamma=1, n=100, size=size).signals
    assert math.floor(float(count) ** q) <= size < math.floor(float(count + 1) ** q)


def test_untruncated() -> None:
    problem = PowerLaw(p=1, q=2, gamma=1.5, n=2000)
    assert problem.size == problem.signals == math.inf
    assert problem.epsilon == pytest.approx(2000**-0.5, rel=1e-15)
    assert problem.truncated(5).size == 5
    raises(problem.truncated, "size", "untruncated", "give a whole number")


def test_truncating_agrees_with_a_smaller_problem() -> None:
    large, small = PowerLaw(1, 1.3, 0.7, 50, 1000), PowerLaw(1, 1.3, 0.7, 50, 137)
    assert (
        large.truncated(137).signal.tolist()
        == small.truncated().signal.tolist()
        == (large.truncated().signal[:137].tolist())
    )
    assert large.truncated(137).eigenvalues.tolist() == small.truncated().eigenvalues.tolist()
    raises(lambda: small.truncated(138), "size = 138", "<= 137")


def test_observe() -> None:
    model = SequenceModel([3.0, -1.0, 0.0], [1.0, 0.5, 0.0], 0.5)
    z = model.observe(np.random.default_rng(7), repetitions=40_000)
    assert z.shape == (40_000, 3)
    np.testing.assert_allclose(z.mean(axis=0), model.signal, atol=4 * 0.5 / 200)
    np.testing.assert_allclose(np.cov(z.T), 0.25 * np.eye(3), atol=4 * 0.25 * math.sqrt(2) / 200)
    np.testing.assert_array_equal(z, model.observe(np.random.default_rng(7), repetitions=40_000))
    assert model.observe(np.random.default_rng(7)).shape == (1, 3)


def test_a_model_is_its_own_copy_and_cannot_change() -> None:
    signal = np.array([1.0, 2.0])
    model = SequenceModel(signal, [1, 2], 1)
    signal[0] = 9
    assert model.signal.tolist() == [1, 2]
    assert model.eigenvalues.dtype == np.float64
    assert isinstance(model.epsilon, float)
    for values in (model.signal, model.eigenvalues):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0
    with pytest.raises(AttributeError):
        model.epsilon = 2.0


def test_numbers_are_normalised() -> None:
    problem = PowerLaw(p=np.float32(1), q=Fraction(3, 2), gamma=2, n=np.int64(100), size=1e4)
    assert problem == PowerLaw(1, 1.5, 2, 100, 10_000)
    assert {type(getattr(problem, name)) for name in ("p", "q", "gamma", "n")} == {float}
    assert type(problem.size) is int
    assert hash(problem) == hash(PowerLaw(1, 1.5, 2, 100, 10_000))


@pytest.mark.parametrize(("name", "value"), [
    ("p", 0), ("p", -1.0), ("p", math.nan), ("p", math.inf), ("p", "1"), ("p", True), ("p", None),
    ("p", 1j), ("p", [1.0]),
    ("q", 0.999), ("q", math.nan), ("q", math.inf), ("q", "2"), ("gamma", 0.0), ("gamma", -1),
    ("gamma", math.nan), ("gamma", math.inf),
    ("n", 0.5), ("n", 0), ("n", -5), ("n", math.nan), ("n", math.inf), ("n", False),
    ("size", 0), ("size", -1), ("size", 1.5), ("size", math.nan), ("size", -math.inf), ("size", "10"),
    ("size", True), ("size", None),
    ("size", 2**53 + 1), ("size", 1e300),
])  # fmt: skip
def test_bad_power_laws(name: str, value: Any) -> None:
    good: dict[str, Any] = {"p": 1, "q": 2, "gamma": 1.5, "n": 2000, "size": 100}
    raises(lambda: PowerLaw(**{**good, name: value}), name, "must be")


@pytest.mark.parametrize(("name", "value"), [
    ("signal", [1.0, math.nan]), ("signal", [math.inf, 1.0]), ("signal", ["a", "b"]), ("signal", [1.0]),
    ("signal", 1.0), ("signal", [[1.0, 2.0]]),
    ("signal", [1j, 2.0]), ("signal", [True, False]), ("signal", [[1.0], [1.0, 2.0]]),
    ("eigenvalues", [1.0, -1e-9]),
    ("eigenvalues", [1.0, math.nan]), ("eigenvalues", [math.inf, 1.0]), ("eigenvalues", [1.0] * 3),
    ("eigenvalues", None),
    ("epsilon", 0.0), ("epsilon", -1), ("epsilon", math.nan), ("epsilon", math.inf), ("epsilon", True),
    ("epsilon", "0.1"),
])  # fmt: skip
def test_bad_models(name: str, value: Any) -> None:
    good: dict[str, Any] = {"signal": [1.0, 0.0], "eigenvalues": [1.0, 0.5], "epsilon": 0.1}
    raises(lambda: SequenceModel(**{**good, name: value}), name, "must")


def test_an_empty_model() -> None:
    raises(lambda: SequenceModel(np.empty(0), np.empty(0), 0.1), "signal of shape (0,)", "N >= 1")


def test_bad_observations() -> None:
    model = SequenceModel([1.0], [1.0], 0.1)
    raises(lambda: model.observe(0), "rng = 0", "numpy.random.Generator")
    for bad in (0, -1, 1.5, True, "3", math.nan):
        raises(
            lambda bad=bad: model.observe(np.random.default_rng(0), bad), "repetitions", "whole number >= 1"
        )
