"""Gaussian moments of the squared error of one component."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from cases import TWO_LAYER, VANILLA, adaptive_risk, dense_moments
from scipy.integrate import quad
from scipy.stats import norm

from opgd import OverParameterizedFlow, SequenceModel, expected_risk
from opgd.risk._moments import squared_error_moments

TAUS = [0.01, 0.1, 0.5, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0]


def moments(flow: object, signal: float, lam: float, epsilon: float, t: float) -> tuple[float, float]:
    with np.errstate(divide="ignore"):
        log_lam = np.log(np.array([lam]))
    mean, variance = squared_error_moments(flow, np.array([signal]), log_lam, epsilon, t, np.zeros(1))
    return float(mean[0]), float(variance[0])


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("lam", [1.0, 0.01, 1e-5, 1e-30])
@pytest.mark.parametrize("m", [0.0, 0.3, 1.0, 4.0, 12.0, 60.0])
def test_two_layer_against_brute_force(m: float, lam: float, tau: float) -> None:
    epsilon = 0.02
    mean, variance = moments(TWO_LAYER, m * epsilon, lam, epsilon, tau / epsilon)
    want, spread = dense_moments(m * epsilon, lam, epsilon, tau / epsilon)
    assert abs(mean - want) <= 1e-8 * max(want, 1e-6 * epsilon**2)
    assert abs(variance - spread) <= 1e-6 * max(spread, 1e-6 * epsilon**4)


@pytest.mark.parametrize("tau", [1.0, 10.0, 100.0])
def test_the_brute_force_agrees_with_adaptive_quadrature(tau: float) -> None:
    m, lam, epsilon, t = 0.05, 1e-3, 0.02, tau / 0.02
    jump = float(TWO_LAYER.threshold(np.log([lam]), t)[0][0])

    def integrand(z: float) -> float:
        return float((TWO_LAYER.estimate(z, lam, t) - m) ** 2 * norm.pdf((z - m) / epsilon) / epsilon)

    places = [0.0, jump - 5 / t, jump, jump + 5 / t, -jump, -jump - 5 / t, -jump + 5 / t, m]
    ends = sorted({m - 12 * epsilon, m + 12 * epsilon, *(x for x in places if abs(x - m) < 12 * epsilon)})
    pieces = [quad(integrand, a, b, epsabs=0, epsrel=1e-11)[0] for a, b in itertools.pairwise(ends)]
    assert dense_moments(m, lam, epsilon, t)[0] == pytest.approx(sum(pieces), rel=1e-9)


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("lam", [1.0, 0.01, 1e-5, 1e-30])
@pytest.mark.parametrize("m", [0.0, 1.0, 12.0])
def test_vanilla_against_quadrature(m: float, lam: float, tau: float) -> None:
    epsilon = 0.02
    t = tau / epsilon
    x = np.linspace(-12, 12, 4001)
    error2 = (VANILLA.estimate(epsilon * (m + x), lam, t) - m * epsilon) ** 2
    weight = norm.pdf(x) * (x[1] - x[0])
    mean, variance = moments(VANILLA, m * epsilon, lam, epsilon, t)
    want = float(error2 @ weight)
    assert mean == pytest.approx(want, rel=1e-12, abs=0)
    assert variance == pytest.approx(float((error2 - want) ** 2 @ weight), rel=1e-10, abs=1e-24 * want**2)


@pytest.mark.parametrize("flow", [VANILLA, TWO_LAYER])
def test_limits(flow: object) -> None:
    signal, epsilon = 0.3, 0.1
    assert moments(flow, signal, 0.5, epsilon, 0.0) == (pytest.approx(signal**2), 0.0)
    assert moments(flow, signal, 0.5, epsilon, math.inf) == (
        pytest.approx(epsilon**2),
        pytest.approx(2 * epsilon**4),
    )
    assert moments(flow, signal, 0.0, epsilon, math.inf) == (pytest.approx(signal**2), 0.0)
    assert moments(flow, signal, 0.0, epsilon, 7.0) == (
        pytest.approx(signal**2),
        pytest.approx(0.0, abs=1e-20),
    )
    assert moments(flow, signal, 0.0, epsilon, 1e4) == (
        pytest.approx(signal**2),
        pytest.approx(0.0, abs=1e-20),
    )
    late, _ = moments(flow, signal, 0.5, epsilon, 1e6)
    assert late == pytest.approx(epsilon**2, rel=1e-9)


@pytest.mark.parametrize("flow", [VANILLA, TWO_LAYER])
def test_weights_multiply_both_moments(flow: object) -> None:
    log_lam, weights = np.log([0.5, 0.5, 1e-3]), np.array([0.0, 7.0, -3.0])
    signal = np.array([0.2, 0.2, 0.0])
    mean, variance = squared_error_moments(flow, signal, log_lam, 0.1, 5.0, weights)
    plain, plain_variance = squared_error_moments(flow, signal, log_lam, 0.1, 5.0, np.zeros(3))
    np.testing.assert_allclose(mean, plain * np.exp(weights), rtol=1e-12)
    np.testing.assert_allclose(variance, plain_variance * np.exp(weights), rtol=1e-12)


@pytest.mark.parametrize("flow", [VANILLA, TWO_LAYER])
def test_tiny_eigenvalues_under_large_weights(flow: object) -> None:
    """The estimate is then proportional to the eigenvalue: a weight of its power -2 gives a limit."""
    log_lam = np.array([-100.0, -200.0, -300.0])
    mean, _ = squared_error_moments(flow, np.zeros(3), log_lam, 0.1, 5.0, -2 * log_lam)
    assert mean[0] > 0
    np.testing.assert_allclose(mean, mean[0], rtol=1e-9)


def test_eigenvalues_below_the_range_of_doubles() -> None:
    """Late flows learn even them; the passage to the limiting formula must not show."""
    log_lam = np.array([-600.0, -640.0, -649.0, -651.0, -660.0, -700.0])
    mean, variance = squared_error_moments(TWO_LAYER, np.zeros(6), log_lam, 0.1, 500.0, np.zeros(6))
    for values in (np.log(mean), np.log(variance)):
        assert (np.diff(values) < 0).all()
        across, before, after = np.diff(values)[2] / 2, np.diff(values)[1] / 9, np.diff(values)[3] / 9
        assert after < across < before or before < across < after
    centre = TWO_LAYER.threshold(log_lam, 500.0)[0] / 0.1
    np.testing.assert_allclose(mean, 0.01 * 2 * (centre * norm.pdf(centre) + norm.sf(centre)), rtol=0.3)
    below = np.array([-800.0, -1500.0])  # exp(-800) is 0 as a double
    mean, _ = squared_error_moments(TWO_LAYER, np.zeros(2), below, 0.1, 1500.0, np.zeros(2))
    centre = TWO_LAYER.threshold(below, 1500.0)[0] / 0.1
    np.testing.assert_allclose(mean, 0.01 * 2 * (centre * norm.pdf(centre) + norm.sf(centre)), rtol=0.3)


def test_threshold_is_where_half_is_learned() -> None:
    t = 500.0
    for lam in (1e-3, 1e-8, 1e-100):
        centre = float(TWO_LAYER.threshold(np.log([lam]), t)[0][0])
        upper = (
            lam
            * math.expm1((2 * centre + lam) * t)
            * centre
            / (2 * centre + lam * math.exp((2 * centre + lam) * t))
        )
        assert upper == pytest.approx(centre / 2, rel=1e-6)
    assert TWO_LAYER.threshold(np.log([1.0]), t)[0][0] == 0  # everything is past its half


@pytest.mark.parametrize("tau", [0.1, 1.0, 2.5, 10.0, 1000.0])
@pytest.mark.parametrize("lam", [1.0, 0.01, 1e-5, 1e-14])
@pytest.mark.parametrize(("depth", "separate"), [(1, False), (2, False), (3, False), (3, True)])
def test_deep_against_brute_force(depth: int, separate: bool, lam: float, tau: float) -> None:
    epsilon = 0.02
    flow = OverParameterizedFlow.tuned(depth, epsilon, separate_layers=separate)
    t = tau / (epsilon * flow.b0**depth)
    for m in (0.0, 0.5, 4.0, 30.0):
        mean, variance = moments(flow, m * epsilon, lam, epsilon, t)
        want, spread = dense_moments(m * epsilon, lam, epsilon, t, flow)
        assert abs(mean - want) <= 2e-7 * max(want, 1e-6 * epsilon**2)
        assert abs(variance - spread) <= 2e-6 * max(spread, 1e-6 * epsilon**4)


@pytest.mark.parametrize("b0", [0.05, 1.0])
def test_deep_with_another_start_of_b(b0: float) -> None:
    epsilon, flow = 0.02, OverParameterizedFlow(2, b0)
    for lam, tau in [(1e-3, 0.5), (1e-6, 3.0), (1e-9, 8.0)]:
        t = tau / (epsilon * b0**2)
        got, want = moments(flow, 0.06, lam, epsilon, t), dense_moments(0.06, lam, epsilon, t, flow)
        assert got == pytest.approx(want, rel=1e-5)


def test_deep_threshold() -> None:
    """At z_c the flow has half of its observation; the second number is its slope there."""
    flow, log_lam = OverParameterizedFlow(3, 0.3), np.log([1e-3, 1e-8, 1e-100])
    centre, sharpness = flow.threshold(log_lam, 4000.0)
    for z, log, steep in zip(centre, log_lam, sharpness, strict=True):
        lam, step = math.exp(log), 1e-4 / steep
        low, half, high = flow.estimate(z + np.array([-step, 0.0, step]), lam, 4000.0)
        assert half / z == pytest.approx(0.5, abs=0.01)
        assert (high - low) / (2 * step) / half == pytest.approx(steep, rel=0.2)
    assert flow.threshold(np.array([5.0]), 4000.0)[0][0] == 0


def test_times_that_share_their_nodes() -> None:
    epsilon, signal = 0.02, np.array([0.0, 0.0, 0.05, 0.4])
    log_lam, zero = np.log([0.1, 1e-6, 1e-4, 1e-3]), np.zeros(4)
    for flow in (TWO_LAYER, OverParameterizedFlow.tuned(2, epsilon)):
        t = np.array([1.0, 1.3, 2.0]) / (epsilon * flow.b0**flow.depth)
        together = squared_error_moments(flow, signal, log_lam, epsilon, t, zero)
        alone = [squared_error_moments(flow, signal, log_lam, epsilon, time, zero) for time in t]
        for got, want in zip(together, zip(*alone, strict=True), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-6)


SHARP = [
    (OverParameterizedFlow(8, 0.0028), 2e-5), (OverParameterizedFlow(8, 0.0016, True), 0.26),
    (OverParameterizedFlow(7, 0.078), 2e-6), (OverParameterizedFlow(5, 0.0018), 0.012),
    (OverParameterizedFlow(4, 0.0041, True), 3e-6), (OverParameterizedFlow(3, 0.02), 2e-4), (TWO_LAYER, 1e-3),
]  # fmt: skip


@pytest.mark.parametrize(("flow", "epsilon"), SHARP)
def test_thresholds_far_narrower_than_the_noise(flow: Any, epsilon: float) -> None:
    """Between two times they move by up to 1e20 widths: memory is bounded, and the risk is right."""
    model = SequenceModel(
        [0.0, 2 * epsilon, 0.0, 1.0, -3.0, 0.0], [1e-3, 1e-6, 1e-8, 1e-4, 0.5, 1e-2], epsilon
    )
    middle = math.exp(flow.time_scale(model))
    t = middle * np.geomspace(1, 1e3, 7)
    tracemalloc.start()
    risk = expected_risk(flow, model, np.sort(np.r_[t, 1.5 * t])).mean[::2]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200e6
    np.testing.assert_allclose(risk, [adaptive_risk(flow, model, time) for time in t], rtol=1e-6)


@pytest.mark.parametrize("flow", [TWO_LAYER, OverParameterizedFlow(2, 0.3)])
def test_memory_does_not_grow_with_the_number_of_times(flow: Any) -> None:
    log_lam, t = np.log([1e-3, 1e-5]), np.linspace(50.0, 51.0, 20_000)
    tracemalloc.start()
    mean, _ = squared_error_moments(flow, np.array([0.0, 0.05]), log_lam, 0.02, t, np.zeros(2))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200e6
    some = [0, 7_000, 19_999]
    alone = [
        squared_error_moments(flow, np.array([0.0, 0.05]), log_lam, 0.02, t[i], np.zeros(2))[0] for i in some
    ]
    np.testing.assert_allclose(mean[some], alone, rtol=1e-6)
