"""Claims of the chapter *Stopping without an oracle*, by other routes than the chapter's."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from opgd import OverParameterizedFlow, PowerLaw, expected_risk, oracle_stopping
from opgd.stopping import constant_profile
from opgd.theory.span import effective_span_dimension

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True)
TWO_LAYER = OverParameterizedFlow(depth=0)


@PROPERTY
@given(st.integers(0, 4), st.floats(-3, 0), st.floats(-8, 0), st.floats(-2, 2), st.floats(0.1, 2))
def test_what_is_smaller_than_the_noise_only_raises_the_estimate(
    depth: int, log_z: float, log_lam: float, log_t: float, b0: float
) -> None:
    """One component adds at least 2 (epsilon^2 - z^2) theta / z, which is >= 0 where |z| <= epsilon."""
    z, epsilon = 10**log_z, 1.3 * 10**log_z
    theta, slope = OverParameterizedFlow(depth, b0).linearize(z, 10**log_lam, 10**log_t / (z * b0**depth))
    added = theta**2 - 2 * z * theta + 2 * epsilon**2 * slope
    assert added >= 2 * (epsilon**2 - z**2) * theta / z * (1 - 1e-7)


def test_the_best_constant_is_near_one_and_has_a_price() -> None:
    """A part of the chapter's grid within the condition of Corollary 3.3, and one problem outside."""
    constants = np.array([0.2, 0.6, 0.8, 1.0, 1.2, 1.4, 2.0, 3.0])
    cells = [(0.6, 1.0, 1.1), (0.6, 3.0, 3.0), (1.0, 2.0, 1.1), (1.0, 2.0, 3.0), (3.0, 1.5, 3.0)]
    problems = [PowerLaw(*cell, 1e3) for cell in cells]
    profile = constant_profile(0, problems, constants)
    for row, problem in enumerate(problems):
        risk = expected_risk(TWO_LAYER, problem, constants / problem.epsilon).mean
        np.testing.assert_allclose(profile.risk[row], risk, rtol=3e-3)
    assert 0.8 <= constants[profile.best] <= 1.4
    assert 0.2 < profile.regret[profile.worst, profile.best] < 2
    own = constants[profile.risk.argmin(axis=1)]
    assert own.min() <= 1.0 and own.max() >= 2.0  # single problems disagree
    outside = constant_profile(0, [PowerLaw(3, 1, 1.1, 1e6)], constants)
    assert constants[outside.best] == 0.2  # gamma < (p + 1) / 2: far earlier


def test_stein_beats_the_universal_time_where_that_is_worst() -> None:
    """p = 3, q = 1, gamma = 1.1, n = 1000: plain numpy, the derivative by differences, a grid of times."""
    problem = PowerLaw(3, 1, 1.1, 1000, 1000)
    model, stop = problem.truncated(), oracle_stopping(TWO_LAYER, problem)
    z, h = model.observe(np.random.default_rng(7), 16), 1e-6
    t = np.geomspace(0.2, 3, 60) / model.epsilon
    theta, after, before = (TWO_LAYER.estimate(z + d, model.eigenvalues, t) for d in (0.0, h, -h))
    estimate = (theta**2 - 2 * z * theta + model.epsilon**2 * (after - before) / h).sum(axis=2)
    losses = ((theta - model.signal) ** 2).sum(axis=2)
    chosen = losses[estimate.argmin(axis=0), np.arange(16)].mean()
    universal = ((TWO_LAYER.estimate(z, model.eigenvalues, 1 / model.epsilon) - model.signal) ** 2).sum(
        axis=1
    )
    assert chosen < 1.5 * stop.risk
    assert universal.mean() > 1.5 * chosen


def test_the_span_dimension_by_euler_steps() -> None:
    """The setting of the follow-up paper with its own discretisation: 10^4 Euler steps of length 0.01."""
    epsilon, size, k = 0.01, 5000, np.arange(1.0, 16)
    lam = np.arange(1.0, size + 1) ** -1.0
    noise = epsilon * np.random.default_rng(0).standard_normal(size)
    for q in (1.0, 2.0):
        signal = np.zeros(size)
        signal[np.floor(k**q).astype(int) - 1] = 5 * k**-1.75
        z, a, beta = signal + noise, np.sqrt(lam), np.zeros(size)
        for _ in range(10_000):
            pull = 0.01 * (z - a * beta)
            a, beta = a + pull * beta, beta + pull * a
        exact = TWO_LAYER.state(z, lam, 100.0).learned_eigenvalue ** 2
        np.testing.assert_allclose(np.log(a**2), np.log(exact), atol=0.05)
        dimensions = effective_span_dimension(signal, [lam, a**2, exact], epsilon**2)
        assert abs(dimensions[1] - dimensions[2]) <= 1
        if q == 1:
            assert dimensions.tolist() == [15, 15, 15]
        else:
            assert dimensions[0] == 121 and dimensions[2] < 45
