"""The derivative of every flow with respect to its observation.

References: mpmath differences of the solutions in `cases` with dozens of digits, and a general ODE solver for
the variational equations.
"""

from __future__ import annotations

import functools
import math
import random
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from cases import TWO_LAYER, VANILLA, assert_close, components, deep, raises, two_layer
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from opgd import OverParameterizedFlow
from opgd._validate import Array
from opgd.flow.deep import DeepSolution

EXACT = settings(max_examples=200, deadline=None, derandomize=True)
PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)
FLOWS: list[Any] = [
    VANILLA, TWO_LAYER, OverParameterizedFlow(1, 0.3), OverParameterizedFlow(3, 0.5),
    OverParameterizedFlow(2, 0.4, separate_layers=True),
]  # fmt: skip
deep_flows = st.builds(OverParameterizedFlow, st.integers(1, 5), st.floats(0.06, 2), st.booleans())


def two_layer_slope(z: float, lam: float, t: float) -> mp.mpf:
    with mp.workdps(140 + int(5 * max(0.0, math.log10(abs(z)) - math.log10(lam)))):
        step = abs(mp.mpf(z)) * mp.mpf(10) ** -25
        after, before = (two_layer(mp.mpf(z) + h, lam, t, dps=100)[0] for h in (step, -step))  # type: ignore[arg-type]
        return (after - before) / (2 * step)


@EXACT
@given(components())
def test_two_layers_over_the_whole_range(case: tuple[float, float, float]) -> None:
    z, lam, t = case
    theta, slope = TWO_LAYER.linearize(z, lam, t)
    assert float(theta) == float(TWO_LAYER.estimate(z, lam, t))
    if t == math.inf:
        assert float(slope) == (1 if lam else 0) or float(slope) == pytest.approx(1, rel=1e-15)
    elif z and lam and t:
        reference = two_layer_slope(z, lam, t)
        if mp.mpf(lam) * t >= 1e-290:
            assert_close(float(slope), reference)
        else:  # so slow that lambda t is not a normal number
            assert 0 <= float(slope) <= 1e-289 + 2 * float(reference)
    else:
        assert float(slope) == pytest.approx(-math.expm1(-lam * t) if lam else 0, rel=1e-14)


def deep_slope(z: float, lam: float, t: mp.mpf, *rest: Any) -> mp.mpf:
    with mp.workdps(55):
        step = abs(mp.mpf(z)) * mp.mpf(10) ** -15
        after, before = (deep(mp.mpf(z) + h, lam, t, *rest, dps=45)[0] for h in (step, -step))  # type: ignore[arg-type]
        return (after - before) / (2 * step)


@functools.cache
def deep_cases() -> list[tuple[float, float, float, int, float, bool]]:
    """Ordinary components of all stages, and extreme ones around the time when they leave zero."""
    rng, found = random.Random(4), []
    for i in range(30):
        depth, separate, wide = [1, 2, 3, 5, 8][i % 5], rng.random() < 0.5, i >= 20
        z = 10 ** (rng.uniform(-12, 2) if wide else rng.uniform(-3, 0.6))
        lam = 10 ** (rng.uniform(-150, 4) if wide else rng.uniform(-9, 1))
        b0 = 10 ** (rng.uniform(-6, 1) if wide else rng.uniform(-1.2, 0.3))
        half, _ = DeepSolution(depth, b0, separate, 1e-8).half_times(np.array([z]), np.log(np.array([lam])))
        t = float(half[0]) * (rng.uniform(0.7, 1.5) if i % 3 else 10 ** rng.uniform(-2, 1))
        found.append((z * (-1) ** i, lam, t, depth, b0, separate))
    return found


@pytest.mark.parametrize("case", range(30))
def test_deep(case: int) -> None:
    z, lam, t, depth, b0, separate = deep_cases()[case]
    reference = deep_slope(z, lam, mp.mpf(t), depth, b0, separate)
    later = deep_slope(z, lam, mp.mpf(t) * (1 + 16 * mp.mpf(2) ** -53), depth, b0, separate)
    rounding = float(abs(later - reference) / reference)  # what 16 units in the last place of t make of it
    for tolerance in (1e-8, 1e-10):
        flow = OverParameterizedFlow(depth, b0, separate, tolerance)
        theta, slope = flow.linearize(z, lam, t)
        assert float(theta) == pytest.approx(float(flow.estimate(z, lam, t)), rel=max(tolerance, rounding))
        assert abs(float(slope) - reference) <= max(tolerance, 2 * rounding) * reference


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_against_the_variational_equations(depth: int, separate: bool) -> None:
    """a, b and beta and their derivatives in z, by an ODE solver."""
    b0, share = 0.6, 1 if separate else depth
    for z, lam, end in [(0.8, 0.05, 30.0), (-0.3, 0.5, 20.0), (1.5, 1e-3, 20.0)]:

        def slopes(_t: float, y: Array, z: float = z) -> list[float]:
            a, b, beta, da, db, dbeta = y
            gap = z - a * b**depth * beta
            dgap = 1 - (
                da * b**depth * beta + depth * a * b ** (depth - 1) * db * beta + a * b**depth * dbeta
            )
            low = b ** (depth - 1)
            dlow = (depth - 1) * b ** (depth - 2) * db
            dpower = depth * low * db
            return [
                b**depth * beta * gap, share * a * low * beta * gap, a * b**depth * gap,
                dpower * beta * gap + b**depth * (dbeta * gap + beta * dgap),
                share * (da * low * beta * gap + a * (dlow * beta * gap + low * (dbeta * gap + beta * dgap))),
                da * b**depth * gap + a * (dpower * gap + b**depth * dgap),
            ]  # fmt: skip

        t = np.linspace(0, end, 15)
        run = solve_ivp(
            slopes, (0, end), [math.sqrt(lam), b0, 0, 0, 0, 0], "DOP853", rtol=1e-11, atol=1e-14, t_eval=t
        )
        a, b, beta, da, db, dbeta = run.y
        expected = da * b**depth * beta + depth * a * b ** (depth - 1) * db * beta + a * b**depth * dbeta
        _, slope = OverParameterizedFlow(depth, b0, separate).linearize(z, lam, t)
        np.testing.assert_allclose(slope, expected, rtol=1e-7, atol=1e-11)


@PROPERTY
@given(
    deep_flows | st.just(TWO_LAYER), st.floats(-8, 2), st.floats(-12, 2), st.floats(-2, 2), st.floats(-6, 6)
)
def test_invariants(flow: Any, log_z: float, log_lam: float, log_c: float, log_t: float) -> None:
    """Even in z; at least theta / z, so that theta / z grows with z; scaling; limits in t."""
    z, lam, c = 10**log_z, 10**log_lam, 10**log_c
    t = 10**log_t / (z * flow.b0**flow.depth)
    theta, slope = flow.linearize(z, lam, t)
    minus, same = flow.linearize(-z, lam, t)
    assert (float(minus), float(same)) == (-float(theta), float(slope))
    assert float(slope) >= float(theta) / z * (1 - 1e-8)
    power = flow.depth + 2
    scaled = OverParameterizedFlow(flow.depth, c * flow.b0, flow.separate_layers)
    # (a, b, beta) -> c (a, b, beta)
    other = scaled.linearize(c**power * z, c * c * lam, t * c ** (2 - 2 * power))[1]
    early, late = flow.linearize(z, lam, [0.0, math.inf])[1]
    assert early == 0 and late == pytest.approx(1, rel=1e-14)
    sharp = abs(float(flow.linearize(z, lam, t * (1 + 1e-13))[1]) - float(slope))
    assert float(other) == pytest.approx(float(slope), rel=4e-8, abs=10 * sharp)


@pytest.mark.parametrize("flow", FLOWS)
def test_limits_and_shapes(flow: Any) -> None:
    rate = 1.0 if flow == VANILLA else flow.b0 ** (2 * flow.depth)
    lam, t = np.array([0.0, 1e-200, 1e-3, 2.0]), np.array([3.0, 0.0, math.inf, 50.0])
    theta, slope = flow.linearize(0.0, lam, t)
    assert (theta == 0).all() and slope.shape == (4, 4)
    with np.errstate(invalid="ignore"):
        expected = np.where(lam > 0, -np.expm1(-lam * rate * t[:, None]), 0.0)
    np.testing.assert_allclose(slope, expected, rtol=1e-13)  # z = 0: the kernel flow with lambda b0^(2D)
    near = flow.linearize(1e-9, lam, t)[1]
    np.testing.assert_allclose(near, expected, rtol=1e-6)
    z = np.linspace(-1, 1, 6).reshape(2, 1, 3)
    theta, slope = flow.linearize(z, lam[:2, None], t.reshape(2, 2))
    assert theta.shape == slope.shape == (2, 2, 2, 2, 3)
    np.testing.assert_allclose(theta, flow.estimate(z, lam[:2, None], t.reshape(2, 2)), rtol=1e-8)
    assert flow.linearize([], [], [1.0])[1].shape == (1, 0)
    raises(lambda: flow.linearize(math.nan, 1.0, 1.0), "z")
    raises(lambda: flow.linearize(1.0, -1.0, 1.0), "eigenvalues")
    raises(lambda: flow.linearize(1.0, 1.0, -1.0), "t")


@pytest.mark.parametrize("flow", FLOWS)
def test_many_equal_one_at_a_time(flow: Any) -> None:
    rng = np.random.default_rng(0)
    z, lam = rng.standard_normal(50), 10 ** rng.uniform(-12, 1, 50)
    t = np.array([3.0, 0.1, 200.0])
    _, together = flow.linearize(z, lam, t)
    for j in range(0, 50, 7):
        alone = flow.linearize(z[j], lam[j], t)[1]
        np.testing.assert_allclose(together[:, j], alone, rtol=1e-10)
