"""The empirical-Bayes rule, against the posterior and the likelihood by quadrature in mpmath."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from cases import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from opgd.classics import EmpiricalBayes

NUMBERS = st.floats(-1e3, 1e3)


def slab(x: float, a: float, low: float, high: float) -> mp.mpf:
    """Integral of prior times likelihood over [low, high], by quadrature alone."""
    x, a = mp.mpf(x), mp.mpf(a)
    kinks = {low, high, *(float(e) for e in (0, x - a) if low < e < high)}
    ends = sorted(kinks | {float(k) for k in range(math.ceil(low), math.floor(high), 3)})
    return mp.quad(
        lambda m: a / 2 * mp.exp(-a * abs(m)) * mp.npdf(x - m), ends, method="gauss-legendre", maxdegree=4
    )


@pytest.mark.parametrize("a", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("w", [1e-5, 0.03, 0.4, 1.0])
def test_posterior_median_by_quadrature(a: float, w: float) -> None:
    """Half of the posterior lies above the median where it is not zero; where it is, at most half does."""
    rule = EmpiricalBayes(a)
    for x in (0.3, 1.7, 3.0, 4.4, 6.0, 9.0, 20.0):
        median = float(rule.posterior_median(x, w))
        assert float(rule.posterior_median(-x, w)) == -median
        total = (1 - mp.mpf(w)) * mp.npdf(x) + w * slab(x, a, -15, x + 15)
        above = w * slab(x, a, median, x + 15) / total
        if median > 0:
            assert float(above) == pytest.approx(0.5, abs=1e-11)
        else:
            assert float(above) <= 0.5 and float(w * slab(x, a, -15, 0) / total) <= 0.5


@pytest.mark.parametrize("a", [0.2, 0.5, 1.5])
def test_weight_by_quadrature(a: float) -> None:
    """The marginal likelihood at the weight is not smaller than anywhere else that is allowed."""
    rule, rng = EmpiricalBayes(a), np.random.default_rng(3)
    inside = 0
    for signals in (0, 1, 4, 6, 12):
        z = rng.standard_normal(16)
        z[:signals] += 4
        w = float(rule.weight(2 * z, 2.0))
        ratio = [slab(x, a, x - 15, x + 15) / mp.npdf(x) - 1 for x in z]
        least = rule.weight_at(math.sqrt(2 * math.log(16)))
        slope = sum(b / (1 + w * b) for b in ratio)
        inside += least < w < 1
        if least < w < 1:
            assert abs(float(slope)) < 1e-8 * sum(abs(float(b)) / (1 + w * float(b)) for b in ratio)
        else:
            assert (w == 1 and slope >= 0) or (w == pytest.approx(least, rel=1e-14) and slope <= 0)
    assert inside >= 2


@pytest.mark.parametrize("a", [0.05, 0.5, 3.0])
def test_threshold_of_a_weight(a: float) -> None:
    rule = EmpiricalBayes(a)
    for threshold in (0.1, 1.0, 3.0, 5.6):
        w = rule.weight_at(threshold)
        assert 0 < w < 1
        below, above = rule.posterior_median([threshold * (1 - 1e-6), threshold * (1 + 1e-6)], w)
        assert below == 0 < above <= threshold * (1 + 1e-6)
    weights = [rule.weight_at(x) for x in np.linspace(0, 8, 50)]
    assert weights[0] == 1 and (np.diff(weights) < 0).all()


@settings(derandomize=True, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=8), st.floats(1e-3, 1e3), st.floats(0.01, 10))
def test_a_shrinkage_rule(z: list[float], epsilon: float, a: float) -> None:
    """Shrinks, is odd and monotone, moves by little more than the scale, and scales with its data."""
    rule, data = EmpiricalBayes(a), np.sort(z)
    theta = rule.estimate(data, epsilon)
    assert (np.abs(theta) <= np.abs(data)).all() and (theta * data >= 0).all()
    assert (np.diff(theta) >= -1e-9 * epsilon).all()
    np.testing.assert_array_equal(rule.estimate(-data, epsilon), -theta)
    np.testing.assert_allclose(rule.estimate(4 * data, 4 * epsilon), 4 * theta, rtol=1e-12)
    most = max(math.sqrt(2 * math.log(data.size)), a + 3.0) + 1.0
    assert (np.abs(data - theta) <= most * epsilon * (1 + 1e-9)).all()


def test_far_away_it_moves_by_the_scale() -> None:
    rule = EmpiricalBayes(0.5)
    for x in (40.0, 1e6, 1e9):
        assert x - float(rule.posterior_median(x, 1e-3)) == pytest.approx(0.5, rel=1e-6)
    z = np.array([[1e300, -1e308, 0.0, 1e-320], [1e-310, 0.0, 0.0, 0.0]])
    for epsilon in (1e-320, 1e-300, 1.0, 1e300, 1e308):
        theta = rule.estimate(z, epsilon)
        assert np.isfinite(theta).all() and (np.abs(theta) <= np.abs(z)).all() and theta[0, 2] == 0
    np.testing.assert_allclose(rule.estimate(z, 1.0)[0, :2], z[0, :2], rtol=1e-15)


def test_data_sets_do_not_see_each_other() -> None:
    z = np.random.default_rng(0).normal(size=(2, 3, 50)) + np.arange(6).reshape(2, 3, 1)
    rule = EmpiricalBayes()
    together = rule.estimate(z, 0.7)
    for place in np.ndindex(2, 3):
        np.testing.assert_array_equal(rule.estimate(z[place], 0.7), together[place])
    assert rule.weight(z, 0.7).shape == (2, 3)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: EmpiricalBayes(0.0), ("scale", "0.01")), (lambda: EmpiricalBayes(math.nan), ("scale", "nan")),
    (lambda: EmpiricalBayes().estimate([], 1.0), ("z", "shape (0,)")),
    (lambda: EmpiricalBayes().estimate(3.0, 1.0), ("z", "shape ()")),
    (lambda: EmpiricalBayes().weight([1.0, math.inf], 1.0), ("z", "inf")),
    (lambda: EmpiricalBayes().estimate([1.0], 0.0), ("epsilon", "> 0")),
    (lambda: EmpiricalBayes().posterior_median(1.0, 0.0), ("weight", "> 0")),
    (lambda: EmpiricalBayes().posterior_median(1.0, 1.5), ("weight", "<= 1")),
    (lambda: EmpiricalBayes().posterior_median([1.0, 2.0], [0.1, 0.2, 0.3]), ("x", "weight", "broadcast")),
    (lambda: EmpiricalBayes().weight_at(-1.0), ("threshold", ">= 0")),
])  # fmt: skip
def test_bad_input(call: Any, words: tuple[str, ...]) -> None:
    raises(call, *words)
