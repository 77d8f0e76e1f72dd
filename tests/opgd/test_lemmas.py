"""Hitting times and the bounds of the lemmas, by independent routes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import raises
from scipy.integrate import solve_ivp

from opgd import OverParameterizedFlow, VanillaFlow, lemmas

FLOW = OverParameterizedFlow(depth=2, b0=0.4)
SIZES = 10.0 ** np.arange(-3, 2)


@pytest.mark.parametrize("z", [-2.0, -0.01, 0.3, 5.0])
@pytest.mark.parametrize("lam", [1e-4, 0.1, 3.0])
def test_comparison_flow_solves_its_equation(z: float, lam: float) -> None:
    times = np.array([0.0, 0.1, 1.0, 20.0])
    path = solve_ivp(
        lambda t, y: (lam + 2 * np.abs(y)) * (z - y), (0, 20), [0.0], t_eval=times, rtol=1e-10, atol=1e-14
    )
    np.testing.assert_allclose(lemmas.comparison_solution(z, lam, times), path.y[0], rtol=1e-7, atol=1e-12)


def test_comparison_flow_at_the_edges() -> None:
    z, lam = np.array([[-1e200], [0.0], [1e-200], [1.0]]), np.array([0.0, 1e-300, 1.0, 1e200])
    start, late = lemmas.comparison_solution(z, lam, [0.0, math.inf])
    np.testing.assert_array_equal(start, np.zeros((4, 4)))
    np.testing.assert_array_equal(late, np.where(lam > 0, z, 0) + 0 * lam)
    assert lemmas.comparison_solution(z, lam, np.ones((2, 3))).shape == (2, 3, 4, 4)


@pytest.mark.parametrize("depth", [0, 1, 2, 5])
@pytest.mark.parametrize("separate", [False, True])
def test_hitting_times_against_an_ode_solver(depth: int, separate: bool) -> None:
    flow = OverParameterizedFlow(depth, b0=0.6, separate_layers=separate)
    factor = 1 if separate and depth else depth
    for z, lam in [(0.8, 1e-3), (-0.8, 0.5), (3.0, 0.09), (0.05, 0.02), (1.0, 4.0)]:

        def slope(t: float, y: Any, z: float = z) -> list[float]:
            a, b, beta = y
            rest = abs(z) - a * b**depth * beta
            return [
                b**depth * beta * rest,
                factor * a * b ** max(depth - 1, 0) * beta * rest,
                a * b**depth * rest,
            ]

        marks: list[Callable[..., float]] = [
            lambda t, y, lam=lam: y[2] - math.sqrt(lam),
            lambda t, y: y[2] - 0.6 / math.sqrt(factor) if factor else -1.0,
            lambda t, y, z=z: y[0] * y[1] ** depth * y[2] - abs(z) / 2,
        ]
        path = solve_ivp(
            slope, (0, 1e4), [math.sqrt(lam), 0.6, 0.0], "LSODA", events=marks, rtol=1e-11, atol=1e-14
        )
        expected = [hits[0] if len(hits) else math.inf for hits in path.t_events]
        times = lemmas.hitting_times(flow, z, lam)
        np.testing.assert_allclose([times.first, times.second, times.signal], expected, rtol=1e-7)
        assert times.escape == min(times.first, times.second)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_hitting_times_against_the_exact_flow(depth: int) -> None:
    flow = OverParameterizedFlow(depth, b0=0.01, tolerance=1e-11)
    z, lam = 10.0 ** np.arange(-9.0, 4, 3)[:, None], 10.0 ** np.arange(-30.0, 4, 3)
    times = lemmas.hitting_times(flow, z, lam)
    z, lam = np.broadcast_arrays(z, lam)
    for time, mark in [
        (times.first, lambda s, lam, z: s.beta / np.sqrt(lam)),
        (times.second, lambda s, lam, z: s.beta * math.sqrt(depth) / 0.01),
        (times.signal, lambda s, lam, z: 2 * s.theta / z),
    ]:
        assert time.shape == z.shape
        end = mark(flow.state(z, lam, math.inf), lam, z)
        np.testing.assert_array_equal(np.isinf(time), end <= 1)
        for index in np.argwhere(np.isfinite(time)):
            i = tuple(index)
            before, after = (
                mark(flow.state(z[i], lam[i], time[i] * f), lam[i], z[i]) for f in (1 - 1e-9, 1 + 1e-9)
            )
            assert before < 1 < after


def test_components_that_stay() -> None:
    for flow in (OverParameterizedFlow(0), FLOW):
        times = lemmas.hitting_times(flow, [0.0, 1.0, 0.0], [1.0, 0.0, 0.0])
        assert times.first.tolist() == [math.inf, 0, 0]
        assert times.second.tolist() == [math.inf] * 3
        assert times.signal.tolist() == [0, math.inf, 0]
        mixed = lemmas.hitting_times(flow, [0.0, -1.0], [[1.0], [0.0]])
        assert mixed.first[:, 0].tolist() == [math.inf, 0]
        alone = float(lemmas.hitting_times(flow, 1.0, 1.0).signal)
        np.testing.assert_allclose(mixed.signal, [[0, alone], [0, math.inf]])


def test_bounds_of_the_lemmas_hold_and_are_as_printed() -> None:
    t = np.concatenate([[0.0], np.geomspace(1e-3, 1e6, 61)])
    for depth in (1, 2, 3):
        flow = OverParameterizedFlow(depth, b0=0.4, tolerance=1e-11)
        z, lam = SIZES[:, None], SIZES**2
        exact, state = lemmas.hitting_times(flow, z, lam), flow.state(z, lam, t)
        times = lemmas.noise_times(flow, -z, lam)
        power = 2 ** ((depth + 1) / 2)
        np.testing.assert_allclose(times.first, 1 / (power * 0.4**depth * z) + 0 * lam)
        second = 1 / (power * np.sqrt(depth * lam) * 0.4 ** (depth - 1) * z)
        np.testing.assert_allclose(times.second, second)
        small = np.broadcast_to(np.sqrt(lam) <= 0.4 / math.sqrt(depth), times.late.shape)
        np.testing.assert_array_equal(np.isnan(times.late), ~small)
        assert (np.minimum(times.first, times.second) <= exact.escape).all()
        for bounds in (lemmas.early_noise_bounds, lemmas.late_noise_bounds):
            for bound, value in zip(bounds(flow, z, lam, t), (state.beta, state.theta), strict=True):
                assert bound.shape == value.shape
                assert (value <= bound).all()
                assert np.isfinite(bound).any()
        beta, theta = lemmas.early_noise_bounds(flow, z, lam, t)
        early = t[:, None, None] <= np.minimum(times.first, times.second)
        growth = power * 0.4**depth * z * t[:, None, None]
        np.testing.assert_allclose(beta, np.where(early, np.sqrt(lam) * growth, np.inf))
        np.testing.assert_allclose(theta, np.where(early, power * 0.4**depth * lam * growth, np.inf))
        beta, theta = lemmas.late_noise_bounds(flow, z, lam, t)
        with np.errstate(over="ignore"):
            late = small & (t[:, None, None] <= times.late)
            growth = np.exp(np.maximum(growth - 1, 0))
            np.testing.assert_allclose(beta, np.where(late, np.sqrt(lam) * growth, np.inf))
            np.testing.assert_allclose(theta, np.where(late, power * 0.4**depth * lam * growth**2, np.inf))
        bound = lemmas.signal_time_bound(flow, -z, lam)
        assert (exact.signal <= bound).all()
        elapsed = np.geomspace(1e-3, 1e3, 20)[:, None, None]
        left = np.array([[[float(z[i, 0] - flow.estimate(z[i, 0], lam[j], exact.signal[i, j] + e))
                           for j in range(5)] for i in range(5)] for e in elapsed.ravel()])  # fmt: skip
        assert (left <= lemmas.remaining_error_bound(depth, -z, elapsed) + flow.tolerance * z).all()


def test_bound_of_the_signal_time_by_hand() -> None:
    flow = OverParameterizedFlow(depth=2, b0=0.4)
    small = 2 / (0.16 * 8) * (1 + math.log((8 / 4) ** 0.25 / 0.1))
    large = 2 / (math.sqrt(2) * 3 * 0.4 * 8) * 2
    np.testing.assert_allclose(lemmas.signal_time_bound(flow, [8.0, -8.0], [0.01, 9.0]), [small, large])
    deeper = OverParameterizedFlow(depth=3, b0=0.4)
    small = 2 / (0.064 * 8) * (1 + math.log((3**-1.5 * 4) ** 0.2 / 0.01))
    large = 2 / (math.sqrt(3) * 3 * 0.16 * 8) * (1 + 1 / 2)
    np.testing.assert_allclose(lemmas.signal_time_bound(deeper, 8.0, [1e-4, 9.0]), [small, large])
    np.testing.assert_allclose(  # lambda^(1/2) between b0 / D^(1/2) and b0 D^(1/2)
        lemmas.signal_time_bound(deeper, 8.0, 0.25), 2 / (math.sqrt(3) * 0.5 * 0.16 * 8) * (1 + 1 / 2)
    )
    one, z = OverParameterizedFlow(depth=1, b0=0.5), np.array([50.0, 0.1])  # R > 0 and R < 0
    large = 2 / (3 * z) * (1 + np.array([math.log(25 ** (1 / 3) / 0.5), 0.0]))
    np.testing.assert_allclose(lemmas.signal_time_bound(one, z, 9.0), large)
    np.testing.assert_allclose(lemmas.signal_time_bound(one, 0.1, 0.2), 2 / (0.5 * 0.1))  # no logarithm
    balanced = OverParameterizedFlow(
        depth=4
    )  # lambda^(1/2) = b0 / D^(1/2) belongs to (40) and to the late times
    small = 2 / 64 * (1 + math.log((4**-2 * 32) ** (1 / 6) / 0.5))
    assert float(lemmas.signal_time_bound(balanced, 64.0, 0.25)) == pytest.approx(small)
    times = lemmas.noise_times(balanced, 64.0, 0.25)
    assert float(times.late) == float(times.first) == pytest.approx(1 / (2**2.5 * 64))
    at_rest = lemmas.signal_time_bound(flow, [0.0, 1.0], [1.0, 0.0])
    assert at_rest.tolist() == [math.inf, math.inf]
    rest = lemmas.remaining_error_bound(2, [0.0, 4.0, 4.0], [math.inf, 0.0, math.inf])
    assert rest.tolist() == [0, 2, 0]
    exponent = 0.25 * 2**0.5 * 4**1.5 * 0.3
    assert lemmas.remaining_error_bound(2, -4.0, 0.3) == pytest.approx(2 * math.exp(-exponent))
    exponent = 0.25 * 2**0.5 * 0.25**1.5 * 30.0
    assert lemmas.remaining_error_bound(2, 0.25, 30.0) == pytest.approx(0.125 * math.exp(-exponent))
    times = lemmas.noise_times(flow, [0.0, 1.0], [1e-4, 0.0])
    assert times.first[0] == times.second[0] == times.late[0] == math.inf
    assert times.second[1] == times.late[1] == math.inf


def test_one_separate_layer_is_a_shared_one() -> None:
    shared, separate = (OverParameterizedFlow(1, 0.5, layers) for layers in (False, True))
    times = [lemmas.noise_times(flow, 0.3, 0.01) for flow in (shared, separate)]
    assert times[0] == times[1]


SEPARATE = OverParameterizedFlow(depth=2, separate_layers=True)
BAD: list[tuple[Callable[[], object], tuple[str, ...]]] = [
    (lambda: lemmas.comparison_solution(1.0, -1.0, 1.0), ("eigenvalues", "-1.0", ">= 0")),
    (lambda: lemmas.comparison_solution(1.0, 1.0, -1.0), ("t holds -1.0", ">= 0")),
    (lambda: lemmas.hitting_times(VanillaFlow(), 1.0, 1.0), ("flow", "VanillaFlow")),  # type: ignore[arg-type]
    (lambda: lemmas.hitting_times(FLOW, math.nan, 1.0), ("z holds nan",)),
    (lambda: lemmas.hitting_times(FLOW, 1e200, 1.0), ("z holds 1e+200",)),  # what cannot be squared
    (lambda: lemmas.hitting_times(FLOW, 1.0, 1e200), ("eigenvalues", "1e+200")),
    (lambda: lemmas.noise_times(FLOW, 1e301, 1.0), ("z holds 1e+301",)),
    (lambda: lemmas.noise_times(FLOW, 1.0, 1e301), ("eigenvalues", "1e+301")),
    (lambda: lemmas.hitting_times(FLOW, [1.0, 2.0], [1.0, 2.0, 3.0]), ("z of shape (2,)", "eigenvalues")),
    (lambda: lemmas.noise_times(OverParameterizedFlow(0), 1.0, 1.0), ("flow", "depth >= 1")),
    (lambda: lemmas.early_noise_bounds(SEPARATE, 1.0, 1.0, 1.0), ("flow", "shared")),
    (lambda: lemmas.late_noise_bounds(FLOW, 1.0, 1.0, -1.0), ("t holds", "-1.0")),
    (lambda: lemmas.signal_time_bound(VanillaFlow(), 1.0, 1.0), ("flow", "OverParameterizedFlow")),  # type: ignore[arg-type]
    (lambda: lemmas.remaining_error_bound(0, 1.0, 1.0), ("depth = 0", ">= 1")),
    (lambda: lemmas.remaining_error_bound(1, 1.0, -1.0), ("elapsed", "-1.0", ">= 0")),
    (lambda: lemmas.remaining_error_bound(1, 1.0, math.nan), ("elapsed", "nan")),
    (lambda: lemmas.remaining_error_bound(1, math.inf, 1.0), ("z", "inf", "finite")),
    (
        lambda: lemmas.remaining_error_bound(1, [1.0, 2.0], np.ones(3)),
        ("z of shape (2,)", "elapsed of shape (3,)"),
    ),
]


@pytest.mark.parametrize(("call", "words"), BAD)
def test_bad_input(call: Callable[[], object], words: tuple[str, ...]) -> None:
    raises(call, *words)


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("z", [5e-324, 2.3e-308, 1e-200, 1e-3, 30.0])
@pytest.mark.parametrize("eigenvalue", [1e-100, 1.0, 1e100])
def test_half_is_fitted_at_the_time_of_the_signal_whatever_the_magnitudes(
    depth: int, z: float, eigenvalue: float
) -> None:
    flow = OverParameterizedFlow(depth, b0=0.5)
    times = lemmas.hitting_times(flow, z, eigenvalue)
    if z * 1e9 < eigenvalue:  # linear: the mark of a is never reached, and the rate is lambda b0^(2D)
        assert times.signal == pytest.approx(math.log(2) / (eigenvalue * 0.5 ** (2 * depth)), rel=1e-9)
        assert times.first == times.second == math.inf
    if z > 1e-300:
        assert flow.estimate(z, eigenvalue, times.signal) == pytest.approx(z / 2, rel=1e-8)
