"""Sums over the components of a power-law problem at a cost that does not grow with their number."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from cases import TWO_LAYER, VANILLA, each_component, raises, vanilla_risk
from scipy.special import betaln, zeta

from opgd import OverParameterizedFlow, PowerLaw, expected_risk
from opgd.risk._sums import HEAD, power_law_components

TAUS = [0.0, 0.03, 0.5, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0]
SHAPES = [  # p, q, gamma
    (1, 2, 1.5), (1, 1, 0.7), (0.6, 1.5, 1.5), (3, 1.02, 3), (1, 1.3, 0.4), (0.6, 3.3, 3), (3, 2, 0.7),
    (0.3, 1.5, 6), (1, 1, 0.4),
]  # fmt: skip


def assert_sums(flow: object, problem: PowerLaw, tau: float) -> None:
    t = tau / problem.epsilon
    curve = expected_risk(flow, problem, t)
    mean, variance = each_component(flow, problem, t)
    assert float(curve.mean) == pytest.approx(mean, rel=1e-7, abs=0)
    assert float(curve.std) == pytest.approx(math.sqrt(variance), rel=1e-5, abs=0)


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize(("p", "q", "gamma"), SHAPES)
def test_every_time_against_a_sum_over_all_components(p: float, q: float, gamma: float, tau: float) -> None:
    for n, size in [(2000, 1), (1e10, 2), (2000, 100), (2000, 2 * HEAD), (1e10, 2 * HEAD + 1), (2000, 1500)]:
        for flow in (VANILLA, TWO_LAYER):
            assert_sums(flow, PowerLaw(p, q, gamma, n, size), tau)


@pytest.mark.parametrize(("tau", "p", "q", "gamma", "n"), [
    (0.5, 1, 2, 1.5, 2000), (1.0, 0.6, 1.5, 3, 1e10), (3.0, 1, 1, 0.7, 2000), (10.0, 3, 1.3, 1.5, 2000),
    (100.0, 1, 3.3, 3, 1e10),
    (1000.0, 1, 2, 0.4, 2000),
])  # fmt: skip
def test_twenty_thousand_components(tau: float, p: float, q: float, gamma: float, n: float) -> None:
    assert_sums(TWO_LAYER, PowerLaw(p, q, gamma, n, 20_000), tau)


@pytest.mark.parametrize(("p", "q", "gamma", "tau"), [
    (1, 2, 1.5, 1.0), (0.6, 1.5, 0.7, 30.0), (1, 1, 1.1, 1000.0), (3, 1.02, 0.4, 0.03), (0.6, 3.3, 3, 1000.0),
])  # fmt: skip
def test_ten_million_components_of_the_vanilla_flow(p: float, q: float, gamma: float, tau: float) -> None:
    problem = PowerLaw(p, q, gamma, 2000, 3 * 10**6 + 7)
    t = tau / problem.epsilon
    assert float(expected_risk(VANILLA, problem, t).mean) == pytest.approx(vanilla_risk(problem, t), rel=1e-7)


def test_at_time_zero_the_risk_is_the_energy_of_the_signal() -> None:
    for p, q in [(1, 2), (0.3, 1.5), (3, 1.02), (0.05, 1)]:
        for flow in (VANILLA, TWO_LAYER):
            assert float(expected_risk(flow, PowerLaw(p, q, 1.5, 100), 0.0).mean) == pytest.approx(
                zeta(p + 1), rel=1e-8
            )


@pytest.mark.parametrize(
    ("p", "q", "gamma", "tau"),
    [(1, 2, 1.5, 1.0), (1, 2, 0.7, 0.03), (0.6, 1.5, 1.1, 0.5), (3, 1, 2, 30.0), (1, 1, 0.55, 0.03)],
)
def test_untruncated_vanilla_against_a_sum_and_its_tail(p: float, q: float, gamma: float, tau: float) -> None:
    size = 10**6
    problem = PowerLaw(p, q, gamma, 2000, size)
    t = tau / problem.epsilon
    count = problem.signals
    # beyond `size`: x = lambda t, noise adds (1 - e^-x)^2 = x^2 - x^3 + 7 x^4 / 12, a signal e^-2x = 1 - 2x
    noise = (
        t**2 * zeta(2 * gamma, size + 1)
        - t**3 * zeta(3 * gamma, size + 1)
        + 7 / 12 * t**4 * zeta(4 * gamma, size + 1)
    )
    signal = zeta(p + 1, count + 1) - 2 * t * zeta(p + 1 + q * gamma, count + 1)
    want = vanilla_risk(problem, t) + problem.epsilon**2 * noise + signal
    got = float(expected_risk(VANILLA, PowerLaw(p, q, gamma, 2000), t).mean)
    assert got == pytest.approx(want, rel=1e-7)


@pytest.mark.parametrize("flow", [VANILLA, TWO_LAYER])
@pytest.mark.parametrize(("p", "q", "gamma", "n", "tau"), [
    (1, 2, 1.5, 2000, 1.0), (0.6, 1.5, 1.1, 1e4, 0.5), (3, 2, 3, 2000, 3.0), (0.6, 2, 3, 1e10, 0.03),
    (2, 1, 2, 1e6, 1.0), (1, 3.3, 1.5, 2000, 0.5),
])  # fmt: skip
def test_the_untruncated_sequence_is_the_limit(
    flow: object, p: float, q: float, gamma: float, n: float, tau: float
) -> None:
    """At sizes 10^10 and 10^12 all that is missing is signals of which nothing has been learned."""
    t = tau * n**0.5
    limit = expected_risk(flow, PowerLaw(p, q, gamma, n), t)
    for size in (10**10, 10**12):
        problem = PowerLaw(p, q, gamma, n, size)
        curve = expected_risk(flow, problem, t)
        assert float(curve.mean) + zeta(p + 1, problem.signals + 1) == pytest.approx(
            float(limit.mean), rel=2e-8
        )
        assert float(curve.std) == pytest.approx(float(limit.std), rel=1e-6)


def test_the_untruncated_two_layer_noise_converges_as_predicted() -> None:
    """Late, far noise still counts: what a size N leaves out then shrinks like N^(1 - 2 gamma)."""
    limit = float(expected_risk(TWO_LAYER, PowerLaw(1, 1, 0.7, 2000), 0.5 * 2000**0.5).mean)
    gaps = []
    for size in (10**9, 10**11, 10**13):
        problem = PowerLaw(1, 1, 0.7, 2000, size)
        gaps.append(
            limit
            - float(expected_risk(TWO_LAYER, problem, 0.5 * 2000**0.5).mean)
            - zeta(2, problem.signals + 1)
        )
    np.testing.assert_allclose(np.divide(gaps[1:], gaps[:-1]), 100 ** (1 - 2 * 0.7), rtol=0.01)


@pytest.mark.parametrize("flow", [VANILLA, TWO_LAYER])
def test_the_risk_grows_with_the_size(flow: object) -> None:
    sizes = [1, 3, 10, 100, 200, 256, 257, 258, 300, 1000, 10_000, 10**5, 10**6, 10**8, 10**10, math.inf]
    for gamma, tau in [(1.5, 1.0), (0.7, 0.5), (3, 1.0)]:
        risks = [
            float(expected_risk(flow, PowerLaw(1, 2, gamma, 2000, size), tau * 2000**0.5).mean)
            for size in sizes
        ]
        assert (np.diff(risks) > -1e-9).all()
        assert risks[-1] > 1.01 * risks[0]


@pytest.mark.parametrize("size", [3, 2 * HEAD, 5000, 10**8, 10**15])
def test_the_weights_count_the_components(size: int) -> None:
    parts = power_law_components(PowerLaw(1, 1.5, 0.8, 100, size), last=30.0, panel=2.5)
    weights = parts.sign * np.exp(parts.log_weights)
    assert float(weights.sum()) == pytest.approx(size, rel=1e-9)
    assert parts.constant == 0
    if size > 2 * HEAD:
        assert parts.signal.size < 20_000
    signals = PowerLaw(1, 1.5, 0.8, 100, size).signals
    assert float(weights[parts.signal > 0].sum()) == pytest.approx(signals, rel=1e-9)
    energy = float(weights @ parts.signal**2)
    assert energy == pytest.approx(zeta(2) - zeta(2, signals + 1), rel=1e-9)


def test_the_floor_in_the_positions_of_signals_counts() -> None:
    """Left out, it would move the sum of ln l(j) by 0.02, though no risk by more than 1e-7."""
    problem = PowerLaw(1, 1.5, 0.8, 100, 10**7)
    parts = power_law_components(problem, last=30.0, panel=2.5)
    chosen = parts.signal > 0
    weights = parts.sign * np.exp(parts.log_weights)
    got = float(weights[chosen] @ parts.log_eigenvalues[chosen])
    places = problem.positions(np.arange(1.0, problem.signals + 1))
    assert got == pytest.approx(-0.8 * float(np.log(places).sum()), abs=2e-3, rel=0)


@pytest.mark.parametrize(("gamma", "tau"), [(0.7, 5.0), (1.5, 10.0), (3, 12.0)])
def test_the_late_untruncated_risk(gamma: float, tau: float) -> None:
    """So late, astronomically many components have learned their noise: an integral in closed form.

    Far out theta = z y / (1 + y) with y = lambda (e^(2 z t) - 1) / (4 z); the integral of (y / (1 + y))^2
    over the position j is a beta function times (y / lambda)^(1 / gamma).
    """
    problem = PowerLaw(1, 2, gamma, 2000)
    t = tau / problem.epsilon
    u, step = np.linspace(0, 80, 400_001, retstep=True)
    u = u[1:]
    log_rate = 2 * u * tau + np.log(-np.expm1(-2 * u * tau))
    log_count = (log_rate - np.log(4 * problem.epsilon * u)) / gamma
    log_f = 2 * np.log(u) - u**2 / 2 + log_count + betaln(2 - 1 / gamma, 1 / gamma) - math.log(gamma)
    want = 2 * problem.epsilon**2 * float(np.exp(log_f).sum()) * step / math.sqrt(2 * math.pi)
    curve = expected_risk(TWO_LAYER, problem, t)
    assert float(curve.mean) == pytest.approx(want, rel=1e-6)


def test_the_same_bits_each_time() -> None:
    """Also for q that is not whole, where the floor is interpolated."""
    for flow in (TWO_LAYER, OverParameterizedFlow(1, 0.3)):
        curves = [expected_risk(flow, PowerLaw(0.6, 1.5, 2, 2000, 20_000), [30.0, 200.0]) for _ in range(4)]
        assert all((c.mean == curves[0].mean).all() and (c.std == curves[0].std).all() for c in curves)


@pytest.mark.parametrize(("p", "q", "gamma"), [(1e-6, 3.3, 1e3), (1.0, 1.0, 1e6), (1e5, 1.5, 1.0)])
def test_a_decay_that_takes_too_many_panels_is_refused(p: float, q: float, gamma: float) -> None:
    tracemalloc.start()
    raises(lambda: expected_risk(VANILLA, PowerLaw(p, q, gamma, 1e30, 2**53), 1e3), "problem", "panels")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20e6


@pytest.mark.parametrize("size", [1000, math.inf])
def test_positions_beyond_the_range_of_a_double(size: float) -> None:
    """l(3) = 3^650 lies far behind all that is learned, as l(2) = 2^300 does."""
    flow, far = OverParameterizedFlow(0), PowerLaw(1, 650, 1.5, 2000, size)
    near = PowerLaw(1, 300.5, 1.5, 2000, size)
    assert far.signals == (1 if size == 1000 else math.inf)
    assert float(expected_risk(flow, far, 40.0).mean) == pytest.approx(
        float(expected_risk(flow, near, 40.0).mean), rel=1e-9
    )
