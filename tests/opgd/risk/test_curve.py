"""Expected risk: against brute force, quadrature-free sums and simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import TWO_LAYER, VANILLA, dense_moments, each_component, raises
from scipy.integrate import quad
from scipy.special import betaln, zeta
from scipy.special import gamma as gamma_function

from opgd import (
    OverParameterizedFlow,
    PowerLaw,
    RiskCurve,
    SequenceModel,
    expected_risk,
    monte_carlo_risk,
)

PROBLEM = PowerLaw(p=1, q=2, gamma=1.5, n=2000, size=400)


@pytest.mark.parametrize("tau", [0.5, 3.0, 30.0, 100.0])
def test_two_layer_against_brute_force(tau: float) -> None:
    """No code in common but the flow: dense quadrature of every component."""
    problem = PowerLaw(p=1, q=1.5, gamma=1.5, n=2000, size=100)
    model, t = problem.truncated(), tau / problem.epsilon
    parts = [
        dense_moments(m, lam, problem.epsilon, t)
        for m, lam in zip(model.signal, model.eigenvalues, strict=True)
    ]
    mean, variance = np.sum(parts, axis=0)
    for either in (problem, model):
        curve = expected_risk(TWO_LAYER, either, t)
        assert float(curve.mean) == pytest.approx(mean, rel=1e-8)
        assert float(curve.std) == pytest.approx(math.sqrt(variance), rel=1e-6)


def test_vanilla_is_equation_6() -> None:
    model, t = PROBLEM.truncated(), np.array([[0.0, 3.0], [1e3, math.inf]])
    curve = expected_risk(VANILLA, model, t)
    rate = np.exp(-model.eigenvalues * t[..., None])
    bias, spread = rate * model.signal, model.epsilon * (1 - rate)
    np.testing.assert_allclose(curve.mean, (bias**2 + spread**2).sum(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(
        curve.std, np.sqrt((2 * spread**4 + 4 * bias**2 * spread**2).sum(axis=-1)), rtol=1e-12
    )
    np.testing.assert_array_equal(curve.t, t)


@pytest.mark.parametrize("flow", [VANILLA, TWO_LAYER])
@pytest.mark.parametrize("gamma", [0.4, 1.5])
def test_simulation_agrees_with_the_exact_risk(flow: Any, gamma: float) -> None:
    problem = PowerLaw(p=1, q=2, gamma=gamma, n=2000, size=400)
    t = np.array([0.1, 0.5, 1.0, 3.0, 10.0, 100.0]) / problem.epsilon
    repetitions = 4000
    risks = monte_carlo_risk(flow, problem, t, repetitions=repetitions, seed=11)
    curve = expected_risk(flow, problem, t)
    assert (np.abs(risks.mean(axis=0) - curve.mean) <= 4 * curve.std / math.sqrt(repetitions)).all()
    centred = risks - risks.mean(axis=0)
    stderr_of_variance = np.sqrt(((centred**4).mean(axis=0) - (centred**2).mean(axis=0) ** 2) / repetitions)
    assert (np.abs(risks.var(axis=0, ddof=1) - curve.std**2) <= 4 * stderr_of_variance).all()


@pytest.mark.parametrize("flow", [VANILLA, TWO_LAYER])
def test_models_with_any_signal_and_eigenvalues(flow: Any) -> None:
    model = SequenceModel([0.3, -0.3, 0.0, 0.5, 0.0, -1.0], [1.0, 1.0, 0.2, 0.0, 0.0, 1e-300], 0.1)
    t = np.array([1.0, 10.0, 300.0])
    risks = monte_carlo_risk(flow, model, t, repetitions=4000, seed=2)
    curve = expected_risk(flow, model, t)
    assert (np.abs(risks.mean(axis=0) - curve.mean) <= 4 * curve.std / math.sqrt(4000) + 1e-12).all()
    mirrored = expected_risk(flow, SequenceModel(-model.signal, model.eigenvalues, 0.1), t)
    np.testing.assert_allclose(mirrored.mean, curve.mean, rtol=1e-14)
    end = float(expected_risk(flow, model, math.inf).mean)
    assert end == pytest.approx(0.5**2 + 4 * 0.1**2)  # the eigenvalues of zero never move


def test_shapes_and_types() -> None:
    for flow in (VANILLA, TWO_LAYER):
        for t in (1.0, [], [2.0, 1.0], np.ones((2, 3)), 5):
            curve = expected_risk(flow, PROBLEM, t)
            assert isinstance(curve, RiskCurve)
            assert curve.t.shape == curve.mean.shape == curve.std.shape == np.shape(t)
            assert curve.mean.dtype == curve.std.dtype == np.float64
        together, apart = (
            expected_risk(flow, PROBLEM, [50.0, 2.0]),
            [expected_risk(flow, PROBLEM, t) for t in (50.0, 2.0)],
        )
        assert together.mean.tolist() == [float(curve.mean) for curve in apart]


def test_the_infinite_risks() -> None:
    for gamma in (0.5, 0.2):
        raises(
            lambda gamma=gamma: expected_risk(VANILLA, PowerLaw(1, 2, gamma, 100), [0.0, 1.0]),
            "size = inf",
            "gamma",
            "0.5",
        )
        assert float(expected_risk(VANILLA, PowerLaw(1, 2, gamma, 100), 0.0).mean) == pytest.approx(
            math.pi**2 / 6
        )
        assert math.isfinite(float(expected_risk(VANILLA, PowerLaw(1, 2, gamma, 100, 10**8), 10.0).mean))
    for flow in (VANILLA, TWO_LAYER):
        raises(
            lambda flow=flow: expected_risk(flow, PowerLaw(1, 2, 1.5, 100), [1.0, math.inf]),
            "size = inf",
            "t = inf",
        )
        finite = expected_risk(flow, PowerLaw(1, 2, 1.5, 100, 10**8), math.inf)
        assert float(finite.mean) == pytest.approx(10**8 / 100, rel=1e-9)
        assert float(finite.std) == pytest.approx(math.sqrt(2 * 10**8) / 100, rel=1e-9)
    raises(
        lambda: expected_risk(TWO_LAYER, PowerLaw(1, 2, 1.5, 100), [1.0, 3e4]),
        "size = inf",
        "t = 30000",
        "range of a double",
    )


@pytest.mark.parametrize("tau", [0.0, 0.2, 1.0, 1.5, 30.0, 1000.0])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_deep_risk_by_brute_force(depth: int, tau: float) -> None:
    """Every component by itself, each on a dense grid of noise."""
    problem = PowerLaw(1, 2, 1.5, 2000, 12)
    flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
    t, model = tau / (problem.epsilon * flow.b0**depth), problem.truncated()
    moments = [
        dense_moments(m, lam, problem.epsilon, t, flow)
        for m, lam in zip(model.signal, model.eigenvalues, strict=True)
    ]
    mean, variance = np.sum(moments, axis=0)
    for same in (problem, model):
        curve = expected_risk(flow, same, t)
        assert float(curve.mean) == pytest.approx(mean, rel=1e-7)
        assert float(curve.std) == pytest.approx(math.sqrt(variance), rel=1e-6)


@pytest.mark.parametrize(("depth", "p", "q", "gamma", "tau"), [
    (1, 1, 2, 1.5, 1.0), (1, 0.6, 1.5, 1.1, 1.5), (2, 1, 1, 2, 1.0), (2, 3, 1.5, 3, 0.3), (3, 0.6, 2, 3, 2.0),
    (1, 1, 2, 0.7, 30.0), (2, 1, 1.5, 1.1, 1000.0),
])  # fmt: skip
def test_deep_risk_against_a_sum_over_all_components(
    depth: int, p: float, q: float, gamma: float, tau: float
) -> None:
    problem = PowerLaw(p, q, gamma, 3000, 6000)
    flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
    t = tau / (problem.epsilon * flow.b0**depth)
    mean, variance = each_component(flow, problem, t)
    curve = expected_risk(flow, problem, t)
    assert float(curve.mean) == pytest.approx(mean, rel=1e-7)
    assert float(curve.std) == pytest.approx(math.sqrt(variance), rel=1e-5)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_the_infinite_sequence_is_the_limit_at_every_depth(depth: int) -> None:
    problem = PowerLaw(1, 2, 1.5, 2000)
    flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
    for tau in (0.2, 1.2):
        t = tau / (problem.epsilon * flow.b0**depth)
        limit = float(expected_risk(flow, problem, t).mean)
        large = PowerLaw(1, 2, 1.5, 2000, 10**12)
        missing = zeta(2, large.signals + 1)  # signals of which nothing has been learned
        assert float(expected_risk(flow, large, t).mean) + missing == pytest.approx(limit, rel=1e-7)


@pytest.mark.parametrize("tau", [0.01, 0.2])
@pytest.mark.parametrize("depth", [0, 1])
def test_signals_learned_beyond_the_noise(depth: int, tau: float) -> None:
    """Signals that decay slowly help far smaller eigenvalues to grow than the noise does."""
    flow = OverParameterizedFlow(depth, 0.5)
    infinite, large = (PowerLaw(0.1, 2, 1.5, 1e12, size) for size in (math.inf, 9 * 10**15))
    t = tau / (infinite.epsilon * flow.b0**depth)
    missing = zeta(1.1, large.signals + 1)  # signals of which nothing has been learned
    limit = float(expected_risk(flow, infinite, t).mean)
    assert float(expected_risk(flow, large, t).mean) + missing == pytest.approx(limit, rel=1e-7)


@pytest.mark.parametrize(("gamma", "tau"), [(0.6, 2), (0.6, 5), (0.7, 12), (1.0, 5), (1.5, 7)])
def test_learned_noise_of_the_far_tail(gamma: float, tau: float) -> None:
    r"""The infinite sequence so late that nothing but noise counts.

    There theta = z s(2 |z| t - ln(4 |z| / lambda)) with the logistic function s, so that in x = ln j the sum
    over j is a beta integral, and only that over the noise is left for a quadrature.
    """
    problem = PowerLaw(1, 2, gamma, 2000)
    epsilon, centre = problem.epsilon, 2 * tau / gamma  # of the noise that counts, in standard deviations
    inner, _ = quad(
        lambda u: math.exp(-((u - centre) ** 2) / 2) * u ** (2 - 1 / gamma),
        *(0, centre + 40), points=[centre], epsabs=0, epsrel=1e-11, limit=500,
    )  # fmt: skip
    log_scale = betaln(1 / gamma, 2 - 1 / gamma) - math.log(4 * epsilon) / gamma + centre**2 / 2
    want = 2 * epsilon**2 / (gamma * math.sqrt(2 * math.pi)) * math.exp(log_scale) * inner
    assert float(expected_risk(TWO_LAYER, problem, tau / epsilon).mean) == pytest.approx(want, rel=1e-8)


@pytest.mark.parametrize("flow", [VANILLA, TWO_LAYER])
@pytest.mark.parametrize(("p", "q", "gamma"), [(1, 2, 1.5), (0.6, 1, 0.6), (3, 1.5, 3), (0.3, 3, 1.1)])
def test_the_blocks_of_a_power_law_against_its_components(
    flow: Any, p: float, q: float, gamma: float
) -> None:
    problem = PowerLaw(p, q, gamma, 50, 3000)
    for tau in (1e-3, 0.3, 1.0, 4.0, 40.0, 1e4):
        t = tau / problem.epsilon
        mean, variance = each_component(flow, problem, t)
        curve = expected_risk(flow, problem, t)
        assert float(curve.mean) == pytest.approx(mean, rel=1e-7)
        assert float(curve.std) == pytest.approx(math.sqrt(variance), rel=1e-5)


@pytest.mark.parametrize("t", [1e-3, 0.5, 30.0, 1e4, 1e9, 1e14])
@pytest.mark.parametrize(("p", "q", "gamma"), [(1, 2, 1.5), (0.5, 1.2, 0.6), (3, 1, 6)])
def test_long_sums_of_the_vanilla_flow(p: float, q: float, gamma: float, t: float) -> None:
    problem = PowerLaw(p, q, gamma, 50, 10**6)
    model = problem.truncated()
    rate = np.exp(-model.eigenvalues * t)
    bias, spread = rate * model.signal, -model.epsilon * np.expm1(-model.eigenvalues * t)
    curve = expected_risk(VANILLA, problem, t)
    assert float(curve.mean) == pytest.approx((bias**2 + spread**2).sum(), rel=1e-7)
    variance = (2 * spread**4 + 4 * bias**2 * spread**2).sum()
    assert float(curve.std) == pytest.approx(math.sqrt(variance), rel=1e-5)


@pytest.mark.parametrize("t", [1e5, 1e8, 1e12])
@pytest.mark.parametrize("gamma", [0.6, 1.5, 3.0])
def test_untruncated_vanilla_flow_late(gamma: float, t: float) -> None:
    """The sum of the noise, (1 - e^(-lambda t))^2, is t^(1/gamma) times a gamma function, less 1/2."""
    problem = PowerLaw(3, 2, gamma, 50)
    j = np.arange(1.0, 1e5)
    signals = (np.exp(-2 * t * j ** (-2 * gamma)) * j**-4).sum()  # what is left out is below 1e-15
    noise = t ** (1 / gamma) * (2 ** (1 / gamma) - 2) * gamma_function(-1 / gamma) / gamma - 0.5
    assert float(expected_risk(VANILLA, problem, t).mean) == pytest.approx(signals + noise / 50, rel=1e-7)


@pytest.mark.parametrize("n", [50, 1e12])
@pytest.mark.parametrize("b0", [0.003, 0.5, 4.0])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_eigenvalues_of_many_magnitudes(depth: int, b0: float, n: float) -> None:
    """Where the sums end matters: the smallest eigenvalue is e^-53."""
    problem, flow = PowerLaw(1, 1, 10, n, 200), OverParameterizedFlow(depth, b0)
    for tau in (0.01, 0.2, 1.0, 8.0):
        t = tau / (problem.epsilon * b0**depth)
        mean, variance = each_component(flow, problem, t)
        curve = expected_risk(flow, problem, t)
        assert float(curve.mean) == pytest.approx(mean, rel=1e-7)
        assert float(curve.std) == pytest.approx(math.sqrt(variance), rel=1e-5)


@pytest.mark.parametrize("depth", [1, 3])
def test_deep_risk_against_simulation(depth: int) -> None:
    problem = PowerLaw(1, 2, 1.5, 2000, 800)
    flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
    t = np.array([0.3, 1.0, 1.6]) / (problem.epsilon * flow.b0**depth)
    curve, risks = expected_risk(flow, problem, t), monte_carlo_risk(flow, problem, t, repetitions=400)
    assert (np.abs(risks.mean(axis=0) - curve.mean) < 4 * curve.std / 20).all()
    np.testing.assert_allclose(risks.std(axis=0, ddof=1), curve.std, rtol=0.25)


@pytest.mark.parametrize("depth", [1, 2])
def test_order_and_company_of_times(depth: int) -> None:
    flow = OverParameterizedFlow.tuned(depth, PROBLEM.epsilon)
    t = np.array([[40.0, 0.0, 3.0, 55.0], [math.inf, 41.0, 40.0, 1e5]])
    curve = expected_risk(flow, PROBLEM, t)
    assert curve.mean.shape == t.shape
    for index in np.ndindex(t.shape):
        assert float(curve.mean[index]) == pytest.approx(
            float(expected_risk(flow, PROBLEM, t[index]).mean), rel=1e-7
        )
    np.testing.assert_array_equal(
        curve.mean.ravel()[::-1], expected_risk(flow, PROBLEM, t.ravel()[::-1]).mean
    )


@pytest.mark.parametrize(("name", "value"), [
    ("t", -1.0), ("t", [math.nan]), ("t", "1"), ("t", None), ("t", [True]), ("flow", "vanilla"),
    ("flow", None), ("flow", VANILLA.estimate),
    ("problem", None), ("problem", {"p": 1}), ("problem", 2000),
])  # fmt: skip
@pytest.mark.parametrize("call", [expected_risk, monte_carlo_risk])
def test_bad_input(call: Any, name: str, value: Any) -> None:
    good: dict[str, Any] = {"flow": TWO_LAYER, "problem": PROBLEM, "t": [1.0]}
    raises(lambda: call(**{**good, name: value}), name, "must")
