"""What exactness costs: the closed-form flow against one np.exp, the exact risk against simulation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from opgd import OverParameterizedFlow, PowerLaw, VanillaFlow, expected_risk, gradient_descent

TWO_LAYER = OverParameterizedFlow(depth=0)


def alternate(calls: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Return the shortest wall time of each call in seconds; the calls take turns, to share the noise."""
    times = [[0.0] * repeats for _ in calls]
    for turn in range(repeats):
        for row, call in zip(times, calls, strict=True):
            start = time.perf_counter()
            call()
            row[turn] = time.perf_counter() - start
    return [min(row) for row in times]


@pytest.mark.parametrize("size", [10_000, 1_000_000])
@pytest.mark.parametrize("flow", [VanillaFlow(), TWO_LAYER], ids=["vanilla", "two-layer"])
def test_estimate(benchmark: Any, compare: Any, flow: Any, size: int) -> None:
    """Validation included. The exponential runs over negative numbers, as in exp(-lambda t)."""
    rng = np.random.default_rng(0)
    z, lam = 0.1 * rng.standard_normal(size), np.arange(1.0, size + 1) ** -1.5
    exponent = -10 * rng.random(size)
    ours, plain = alternate(
        [lambda: flow.estimate(z, lam, 45.0), lambda: np.exp(exponent)], 20_000_000 // size
    )
    benchmark.pedantic(flow.estimate, (z, lam, 45.0), rounds=5)
    name = "vanilla" if isinstance(flow, VanillaFlow) else "two-layer"
    compare(f"{name} estimate, {size:.0e} components", ours, "np.exp", plain)


def test_risk_against_simulated_descent(benchmark: Any, compare: Any) -> None:
    """Expected risk at the universal time 1/eps, N = 10^4: what simulated descent costs for 1 % accuracy."""
    problem = PowerLaw(p=1, q=2, gamma=1.5, n=2000, size=10_000)
    model, t = problem.truncated(), 1 / problem.epsilon
    curve = benchmark.pedantic(expected_risk, (TWO_LAYER, problem, t), rounds=5)
    trials = int(
        np.ceil((curve.std / (0.01 * curve.mean)) ** 2)
    )  # then the standard error is 1 % of the mean

    def simulate() -> None:
        z = model.observe(np.random.default_rng(0), trials)
        theta = gradient_descent(TWO_LAYER, z, model.eigenvalues, step=0.1, t=t)
        assert abs(float(((theta - model.signal) ** 2).sum(axis=1).mean()) - curve.mean) < 0.05 * curve.mean

    (simulated,) = alternate([simulate], 1)
    (exact,) = alternate([lambda: expected_risk(TWO_LAYER, problem, t)], 10)
    compare("expected_risk, to 1e-6", exact, f"descent of {trials} trials, to 1 %", simulated)
