"""The quantities of the theorems and the bounds of the lemmas, by independent routes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import raises
from mpmath import mp
from scipy.integrate import solve_ivp

from opgd import OverParameterizedFlow, PowerLaw, SequenceModel, VanillaFlow, expected_risk, theory
from opgd.theory import risk_split

PROBLEM = PowerLaw(p=1, q=2, gamma=1.5, n=2500)
FLOW = OverParameterizedFlow(depth=2, b0=0.4)
SIZES = 10.0 ** np.arange(-3, 2)


@pytest.mark.parametrize(("p", "q"), [(0.6, 1.0), (1.0, 2.0), (3.0, 1.5)])
def test_finite_problem_against_the_definitions(p: float, q: float) -> None:
    problem = PowerLaw(p, q, gamma=1.5, n=2500, size=5000)
    model = problem.truncated()
    marks = model.signal[model.signal > 0]
    deltas = np.concatenate([np.geomspace(1e-3, 2, 41), marks[:30], np.nextafter(marks[:30], 2)])
    large = np.abs(model.signal) >= deltas[:, None]
    count, rest = large.sum(axis=1), np.where(large, 0, model.signal**2).sum(axis=1)
    last = [row.nonzero()[0].max() + 1 if row.any() else 0 for row in large]
    for case in (problem, model):
        np.testing.assert_array_equal(theory.phi(case, deltas), count)
        np.testing.assert_array_equal(theory.last_significant(case, deltas), last)
        np.testing.assert_allclose(theory.psi(case, deltas), rest, rtol=1e-10, atol=1e-14)
        ideal = np.minimum(model.signal**2, problem.epsilon**2).sum()
        assert theory.ideal_risk(case) == pytest.approx(ideal, rel=1e-12)


def test_untruncated_problem() -> None:
    for p in (0.1, 1.0, 4.0):
        problem = PowerLaw(p, 2, 1.5, n=2500)
        for delta in (1.5, 1.0, 0.3, 1e-2, 1e-6):
            with mp.workdps(30):
                count = int(mp.floor(mp.mpf(delta) ** (-2 / (mp.mpf(p) + 1)) * (1 + mp.mpf(10) ** -16)))
                rest = mp.zeta(mp.mpf(p) + 1, count + 1)
            assert theory.phi(problem, delta) == count
            assert theory.psi(problem, delta) == pytest.approx(float(rest), rel=1e-13)
            assert theory.last_significant(problem, delta) == count**2


def test_signs_do_not_matter() -> None:
    model = SequenceModel(signal=[-0.5, 0.0, 0.2, -0.1], eigenvalues=[1, 1, 1, 1], epsilon=0.2)
    assert theory.phi(model, [[0.1, 0.2], [0.3, 0.6]]).tolist() == [[3, 2], [1, 0]]
    assert theory.last_significant(model, [0.1, 0.2, 0.3, 0.6]).tolist() == [4, 3, 1, 0]
    np.testing.assert_allclose(theory.psi(model, [0.1, 0.2, 0.6]), [0, 0.01, 0.3])
    assert theory.ideal_risk(model) == pytest.approx(0.04 + 0.04 + 0.01)


def test_bounds_of_the_risk() -> None:
    for depth in (0, 1, 3):
        epsilon, bound = 0.02, theory.risk_bound(PROBLEM, depth)
        k = np.arange(1.0, 1e6)
        signal2 = k**-2.0
        assert bound.significant == pytest.approx(epsilon**2 * np.sum(signal2 >= epsilon**2 * (1 - 1e-12)))
        assert bound.extra == pytest.approx(epsilon**2 * epsilon ** (-2 / ((depth + 2) * 1.5)))
        missed = signal2[signal2 < (epsilon * math.log(1 / epsilon)) ** 2].sum() + 1 / (1e6 - 0.5)
        assert bound.missed == pytest.approx(missed, rel=1e-9)
        assert bound.total == bound.significant + bound.extra + bound.missed
    assert theory.rate_bound(PROBLEM) == pytest.approx(0.02 * math.log(50))
    assert theory.optimal_rate(3) == 0.75
    assert theory.vanilla_rate(1, 2) == pytest.approx(1 / 3)
    assert [theory.stopping_exponent(depth) for depth in (0, 1, 2)] == pytest.approx([1, 4 / 3, 3 / 2])
    assert theory.vanilla_stopping_exponent(1, 2, 1.5) == pytest.approx(2)


@pytest.mark.parametrize("z", [-2.0, -0.01, 0.3, 5.0])
@pytest.mark.parametrize("lam", [1e-4, 0.1, 3.0])
def test_comparison_flow_solves_its_equation(z: float, lam: float) -> None:
    times = np.array([0.0, 0.1, 1.0, 20.0])
    path = solve_ivp(
        lambda t, y: (lam + 2 * np.abs(y)) * (z - y), (0, 20), [0.0], t_eval=times, rtol=1e-10, atol=1e-14
    )
    np.testing.assert_allclose(theory.comparison_solution(z, lam, times), path.y[0], rtol=1e-7, atol=1e-12)


def test_comparison_flow_at_the_edges() -> None:
    z, lam = np.array([[-1e200], [0.0], [1e-200], [1.0]]), np.array([0.0, 1e-300, 1.0, 1e200])
    start, late = theory.comparison_solution(z, lam, [0.0, math.inf])
    np.testing.assert_array_equal(start, np.zeros((4, 4)))
    np.testing.assert_array_equal(late, np.where(lam > 0, z, 0) + 0 * lam)
    assert theory.comparison_solution(z, lam, np.ones((2, 3))).shape == (2, 3, 4, 4)


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
        times = theory.hitting_times(flow, z, lam)
        np.testing.assert_allclose([times.first, times.second, times.signal], expected, rtol=1e-7)
        assert times.escape == min(times.first, times.second)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_hitting_times_against_the_exact_flow(depth: int) -> None:
    flow = OverParameterizedFlow(depth, b0=0.01, tolerance=1e-11)
    z, lam = 10.0 ** np.arange(-9.0, 4, 3)[:, None], 10.0 ** np.arange(-30.0, 4, 3)
    times = theory.hitting_times(flow, z, lam)
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
        times = theory.hitting_times(flow, [0.0, 1.0, 0.0], [1.0, 0.0, 0.0])
        assert times.first.tolist() == [math.inf, 0, 0]
        assert times.second.tolist() == [math.inf] * 3
        assert times.signal.tolist() == [0, math.inf, 0]
        mixed = theory.hitting_times(flow, [0.0, -1.0], [[1.0], [0.0]])
        assert mixed.first[:, 0].tolist() == [math.inf, 0]
        alone = float(theory.hitting_times(flow, 1.0, 1.0).signal)
        np.testing.assert_allclose(mixed.signal, [[0, alone], [0, math.inf]])


def test_bounds_of_the_lemmas_hold_and_are_as_printed() -> None:
    t = np.concatenate([[0.0], np.geomspace(1e-3, 1e6, 61)])
    for depth in (1, 2, 3):
        flow = OverParameterizedFlow(depth, b0=0.4, tolerance=1e-11)
        z, lam = SIZES[:, None], SIZES**2
        exact, state = theory.hitting_times(flow, z, lam), flow.state(z, lam, t)
        times = theory.noise_times(flow, -z, lam)
        power = 2 ** ((depth + 1) / 2)
        np.testing.assert_allclose(times.first, 1 / (power * 0.4**depth * z) + 0 * lam)
        second = 1 / (power * np.sqrt(depth * lam) * 0.4 ** (depth - 1) * z)
        np.testing.assert_allclose(times.second, second)
        small = np.broadcast_to(np.sqrt(lam) <= 0.4 / math.sqrt(depth), times.late.shape)
        np.testing.assert_array_equal(np.isnan(times.late), ~small)
        assert (np.minimum(times.first, times.second) <= exact.escape).all()
        for bounds in (theory.early_noise_bounds, theory.late_noise_bounds):
            for bound, value in zip(bounds(flow, z, lam, t), (state.beta, state.theta), strict=True):
                assert bound.shape == value.shape
                assert (value <= bound).all()
                assert np.isfinite(bound).any()
        beta, theta = theory.early_noise_bounds(flow, z, lam, t)
        early = t[:, None, None] <= np.minimum(times.first, times.second)
        growth = power * 0.4**depth * z * t[:, None, None]
        np.testing.assert_allclose(beta, np.where(early, np.sqrt(lam) * growth, np.inf))
        np.testing.assert_allclose(theta, np.where(early, power * 0.4**depth * lam * growth, np.inf))
        beta, theta = theory.late_noise_bounds(flow, z, lam, t)
        with np.errstate(over="ignore"):
            late = small & (t[:, None, None] <= times.late)
            growth = np.exp(np.maximum(growth - 1, 0))
            np.testing.assert_allclose(beta, np.where(late, np.sqrt(lam) * growth, np.inf))
            np.testing.assert_allclose(theta, np.where(late, power * 0.4**depth * lam * growth**2, np.inf))
        bound = theory.signal_time_bound(flow, -z, lam)
        assert (exact.signal <= bound).all()
        elapsed = np.geomspace(1e-3, 1e3, 20)[:, None, None]
        left = np.array([[[float(z[i, 0] - flow.estimate(z[i, 0], lam[j], exact.signal[i, j] + e))
                           for j in range(5)] for i in range(5)] for e in elapsed.ravel()])  # fmt: skip
        assert (left <= theory.remaining_error_bound(depth, -z, elapsed) + flow.tolerance * z).all()


def test_bound_of_the_signal_time_by_hand() -> None:
    flow = OverParameterizedFlow(depth=2, b0=0.4)
    small = 2 / (0.16 * 8) * (1 + math.log((8 / 4) ** 0.25 / 0.1))
    large = 2 / (math.sqrt(2) * 3 * 0.4 * 8) * 2
    np.testing.assert_allclose(theory.signal_time_bound(flow, [8.0, -8.0], [0.01, 9.0]), [small, large])
    at_rest = theory.signal_time_bound(flow, [0.0, 1.0], [1.0, 0.0])
    assert at_rest.tolist() == [math.inf, math.inf]
    rest = theory.remaining_error_bound(2, [0.0, 4.0, 4.0], [math.inf, 0.0, math.inf])
    assert rest.tolist() == [0, 2, 0]
    exponent = 0.25 * 2**0.5 * 4**1.5 * 0.3
    assert theory.remaining_error_bound(2, -4.0, 0.3) == pytest.approx(2 * math.exp(-exponent))
    times = theory.noise_times(flow, [0.0, 1.0], [1e-4, 0.0])
    assert times.first[0] == times.second[0] == times.late[0] == math.inf
    assert times.second[1] == times.late[1] == math.inf


SEPARATE = OverParameterizedFlow(depth=2, separate_layers=True)
BAD: list[tuple[Callable[[], object], tuple[str, ...]]] = [
    (lambda: theory.phi(PROBLEM, 0.0), ("delta", "0.0", "> 0")),
    (lambda: theory.psi(PROBLEM, [0.1, -1.0]), ("delta", "-1.0")),
    (lambda: theory.last_significant(PROBLEM, math.inf), ("delta", "inf")),
    (lambda: theory.phi("problem", 0.1), ("problem", "PowerLaw", "SequenceModel")),  # type: ignore[arg-type]
    (lambda: theory.ideal_risk(None), ("problem", "None")),  # type: ignore[arg-type]
    (lambda: theory.risk_bound(PROBLEM, -1), ("depth", "-1", ">= 0")),
    (lambda: theory.risk_bound(PROBLEM.truncated(9), 0), ("problem", "PowerLaw")),  # type: ignore[arg-type]
    (lambda: theory.rate_bound(PowerLaw(1, 2, 1.5, n=1)), ("n = 1", "> 1")),
    (lambda: theory.optimal_rate(0), ("p = 0", "> 0")),
    (lambda: theory.vanilla_rate(1, 0.5), ("q = 0.5", ">= 1")),
    (lambda: theory.stopping_exponent(0.5), ("depth = 0.5", "whole")),  # type: ignore[arg-type]
    (lambda: theory.vanilla_stopping_exponent(1, 2, 0), ("gamma = 0", "> 0")),
    (lambda: theory.comparison_solution(1.0, -1.0, 1.0), ("eigenvalues", "-1.0", ">= 0")),
    (lambda: theory.comparison_solution(1.0, 1.0, -1.0), ("t holds -1.0", ">= 0")),
    (lambda: theory.hitting_times(VanillaFlow(), 1.0, 1.0), ("flow", "VanillaFlow")),  # type: ignore[arg-type]
    (lambda: theory.hitting_times(FLOW, math.nan, 1.0), ("z holds nan",)),
    (lambda: theory.hitting_times(FLOW, [1.0, 2.0], [1.0, 2.0, 3.0]), ("z of shape (2,)", "eigenvalues")),
    (lambda: theory.noise_times(OverParameterizedFlow(0), 1.0, 1.0), ("flow", "depth >= 1")),
    (lambda: theory.early_noise_bounds(SEPARATE, 1.0, 1.0, 1.0), ("flow", "shared")),
    (lambda: theory.late_noise_bounds(FLOW, 1.0, 1.0, -1.0), ("t holds", "-1.0")),
    (lambda: theory.signal_time_bound(VanillaFlow(), 1.0, 1.0), ("flow", "OverParam")),  # type: ignore[arg-type]
    (lambda: theory.remaining_error_bound(0, 1.0, 1.0), ("depth = 0", ">= 1")),
    (lambda: theory.remaining_error_bound(1, 1.0, -1.0), ("elapsed", "-1.0")),
]


@pytest.mark.parametrize(("call", "words"), BAD)
def test_bad_input(call: Callable[[], object], words: tuple[str, ...]) -> None:
    raises(call, *words)


@pytest.mark.parametrize("depth", [0, 2])
def test_split_of_the_risk_by_simulation(depth: int) -> None:
    problem = PowerLaw(1, 1.5, 1.5, 400, 60).truncated()
    flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
    t = 1.3 / (problem.epsilon * flow.b0**depth)
    split = risk_split(flow, problem, t)
    z = problem.observe(np.random.default_rng(3), 40_000)
    noise, theta = z - problem.signal, flow.estimate(z, problem.eigenvalues, t)
    event = np.abs(noise) < np.abs(problem.signal) / 2
    for found, values in (
        (split.events, np.where(event, noise**2, problem.signal**2)),
        (split.fitted_noise, np.where(event, 0, theta**2)),
        (split.unfitted, np.where(event, (theta - z) ** 2, 0)),
    ):
        error = 2 * values.std(axis=0) / math.sqrt(len(z))
        assert (np.abs(found - 2 * values.mean(axis=0)) <= 5 * error + 1e-6).all()
    total = float(expected_risk(flow, problem, t).mean)
    assert total <= split.total <= 4 * total


def test_split_without_signal_is_twice_the_risk() -> None:
    problem = SequenceModel(np.zeros(3), [1.0, 0.1, 0.001], 0.05)
    flow = OverParameterizedFlow.tuned(1, 0.05)
    split = risk_split(flow, problem, 60.0)
    assert (split.events == 0).all() and (split.unfitted == 0).all()
    assert math.isclose(split.total, 2 * float(expected_risk(flow, problem, 60.0).mean), rel_tol=1e-6)


@pytest.mark.parametrize("t", [0.0, math.inf, -1.0])
def test_split_refuses_bad_times(t: float) -> None:
    problem = SequenceModel([1.0], [1.0], 0.1)
    with pytest.raises(ValueError, match="t = "):
        risk_split(OverParameterizedFlow(0), problem, t)
    with pytest.raises(ValueError, match="SequenceModel"):
        risk_split(OverParameterizedFlow(0), PowerLaw(1, 1, 1, 10), 1.0)  # type: ignore[arg-type]
