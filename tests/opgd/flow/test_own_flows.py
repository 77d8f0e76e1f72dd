"""Flows of one's own, each in one file of the tests: risk, oracle, Stein's estimate, nothing else changed."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from cases import TWO_LAYER, raises
from cubes import CubesFlow
from numpy.polynomial.legendre import leggauss
from squares import SquaresFlow

import opgd
from opgd import (
    Flow,
    PowerLaw,
    SequenceModel,
    expected_risk,
    gradient_descent,
    monte_carlo_risk,
    oracle_stopping,
)
from opgd.classics import effective_threshold
from opgd.stopping import sure, sure_stopping
from opgd.theory import risk_split

ROOT = Path(opgd.__file__).parent
SQUARES, CUBES = SquaresFlow(), CubesFlow()
PROBLEM = PowerLaw(p=1, q=2, gamma=1.5, n=2000)
MODEL = SequenceModel([1.0, 0.0, 0.3, 0.0, 0.1], [1.0, 0.3, 0.1, 0.03, 1e-3], epsilon=0.05)
TIMES = np.array([1.0, 10.0, 45.0, 200.0])


def test_squares_are_the_two_layer_flow_in_other_variables() -> None:
    z, lam, t = (
        np.array([1.0, -0.3, 2.0, 0.01, 0.0]),
        np.array([0.5, 1e-3, 1.0, 1e-6, 0.1]),
        [0.0, 0.1, 1.0, 99.0],
    )
    for ours, theirs in zip(SQUARES.linearize(z, lam, t), TWO_LAYER.linearize(z, lam, t), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        SQUARES.estimate(z, lam, t), TWO_LAYER.estimate(z, lam, t), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("problem", [PROBLEM, PowerLaw(1, 2, 1.5, 2000, size=500), MODEL])
def test_squares_have_the_risk_and_the_best_time_of_the_two_layer_flow(problem: PowerLaw) -> None:
    ours, theirs = (expected_risk(flow, problem, TIMES) for flow in (SQUARES, TWO_LAYER))
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-10)
    np.testing.assert_allclose(ours.std, theirs.std, rtol=1e-8)
    best, other = oracle_stopping(SQUARES, problem), oracle_stopping(TWO_LAYER, problem)
    assert best.risk == pytest.approx(other.risk, rel=1e-10)
    assert best.t == pytest.approx(other.t, rel=1e-4)


def test_squares_by_simulation_by_stein_as_a_threshold_and_in_parts() -> None:
    finite = PowerLaw(1, 2, 1.5, 2000, size=500)
    trials = [monte_carlo_risk(flow, finite, TIMES, repetitions=5) for flow in (SQUARES, TWO_LAYER)]
    np.testing.assert_allclose(*trials, rtol=1e-12)
    z = MODEL.observe(np.random.default_rng(0), repetitions=3)
    data = (z, MODEL.eigenvalues, MODEL.epsilon)
    for ours, theirs in zip(sure_stopping(SQUARES, *data), sure_stopping(TWO_LAYER, *data), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8)
    levels = [effective_threshold(flow, MODEL.eigenvalues, 50.0) for flow in (SQUARES, TWO_LAYER)]
    np.testing.assert_allclose(*levels, rtol=1e-6)
    split, other = (risk_split(flow, MODEL, 20.0) for flow in (SQUARES, TWO_LAYER))
    assert split.total == pytest.approx(other.total, rel=1e-10)


@pytest.mark.parametrize("flow", [SQUARES, CUBES])
def test_gradient_descent_follows(flow: Flow) -> None:
    z, lam, t = np.array([1.0, -0.3, 2.0]), np.array([0.5, 1e-3, 1.0]), [0.5, 3.0, 20.0]
    exact = flow.estimate(z, lam, t)
    coarse, fine = (np.abs(gradient_descent(flow, z, lam, step=s, t=t) - exact).max() for s in (2e-3, 1e-3))
    assert fine < 2e-3 and coarse / fine == pytest.approx(2, rel=0.02)


def normal_rule(theta: float, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights for expectations over z, in panels that see every threshold."""
    x, weights = leggauss(400)
    edges = np.linspace(theta - 9 * epsilon, theta + 9 * epsilon, 11)
    half = np.diff(edges)[:, None] / 2
    z = ((edges[1:] + edges[:-1])[:, None] / 2 + half * x).ravel()
    density = np.exp(-(((z - theta) / epsilon) ** 2) / 2) / (epsilon * np.sqrt(2 * np.pi))
    return z, density * (half * weights).ravel()


@pytest.mark.parametrize("theta", [0.0, 0.1, 0.3])
def test_the_risk_of_one_component_of_cubes_by_brute_force(theta: float) -> None:
    lam, epsilon, t = 1e-2, 0.05, np.array([20.0, 60.0, 300.0])
    z, weights = normal_rule(theta, epsilon)
    estimate, slope = CUBES.linearize(z, lam, t)
    risk = (estimate - theta) ** 2 @ weights
    curve = expected_risk(CUBES, SequenceModel([theta], [lam], epsilon), t)
    np.testing.assert_allclose(curve.mean, risk, rtol=1e-6)
    np.testing.assert_allclose(curve.std**2, (estimate - theta) ** 4 @ weights - risk**2, rtol=1e-5)
    stein = (estimate**2 - 2 * z * estimate + 2 * epsilon**2 * slope) @ weights + theta**2  # Stein's identity
    np.testing.assert_allclose(stein, risk, rtol=1e-4)


def test_cubes_by_simulation_at_the_best_time_and_by_stein() -> None:
    noisy = SequenceModel([1.0, 0.0, 0.0, 0.3], [1.0, 0.7, 0.5, 0.3], epsilon=0.15)
    grid = np.geomspace(0.5, 30.0, 9)
    exact = expected_risk(CUBES, noisy, grid)
    trials = monte_carlo_risk(CUBES, noisy, grid, repetitions=300)
    assert np.abs((trials.mean(axis=0) - exact.mean) / (exact.std / 300**0.5)).max() < 4
    best, lowest = oracle_stopping(CUBES, noisy), int(exact.mean.argmin())
    assert 0 < lowest < grid.size - 1 and grid[lowest - 1] < best.t < grid[lowest + 1]
    assert best.risk <= exact.mean.min()
    data = (noisy.observe(np.random.default_rng(1))[0], noisy.eigenvalues, noisy.epsilon)
    time, value = sure_stopping(CUBES, *data)
    assert value <= sure(CUBES, *data, grid).min() and time >= 0


def test_a_power_law_for_cubes_is_the_sum_of_its_components() -> None:
    short = PowerLaw(1, 2, 1.5, 400, size=300)
    whole, arrays = (expected_risk(CUBES, problem, [8.0]).mean for problem in (short, short.truncated()))
    assert float(whole[0]) == pytest.approx(float(arrays[0]), rel=1e-5)


def test_a_flow_that_lacks_something_says_what() -> None:
    class Bare(Flow):
        estimate = SquaresFlow.estimate
        linearize = SquaresFlow.linearize

    with pytest.raises(NotImplementedError, match="Bare"):
        expected_risk(Bare(), MODEL, [1.0])
    with pytest.raises(NotImplementedError, match="Bare"):
        gradient_descent(Bare(), 1.0, 0.5, step=0.1, t=1.0)
    raises(lambda: expected_risk(object(), MODEL, [1.0]), "flow", "object", "Flow")  # type: ignore[arg-type]
    raises(lambda: effective_threshold(CUBES, [1.0], 1.0), "flow", "CubesFlow", "exponentially")


def test_nothing_outside_asks_what_a_flow_is() -> None:
    """No `isinstance` of a flow and no look at its parameters in the rest of opgd."""
    asked = []
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))) if path.parent.name != "flow" else ():
            text = ast.unparse(node)
            if isinstance(node, ast.Call) and text.startswith("isinstance(") and "Flow" in text:
                asked.append(f"{path.name}: {text}")
            if isinstance(node, ast.Attribute) and text in ("flow.depth", "flow.b0", "flow.separate_layers"):
                asked.append(f"{path.name}: {text}")
    assert not asked
