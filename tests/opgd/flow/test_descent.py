"""Gradient descent: against a plain loop, the exact flow and a general solver."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from cases import TWO_LAYER, VANILLA, raises
from scipy.integrate import solve_ivp

from opgd import OverParameterizedFlow, gradient_descent
from opgd._validate import Array


def layered(depth: int, separate: bool, b0: float, z: float, lam: float, step: float, steps: int) -> float:
    """Descend on (z - a b_1 ... b_D beta)^2 / 2 by the product rule; a shared b is the same b D times."""
    layers = [math.sqrt(lam), *[b0] * depth, 0.0]
    for _ in range(steps):
        residual = z - math.prod(layers)
        gradient = [residual * math.prod(layers[:i] + layers[i + 1 :]) for i in range(len(layers))]
        if not separate:  # d/db of b^D: the sum over the D places of b
            gradient[1:-1] = [sum(gradient[1:-1])] * depth
        layers = [value + step * slope for value, slope in zip(layers, gradient, strict=True)]
    return math.prod(layers)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("separate", [False, True])
def test_against_a_plain_loop(depth: int, separate: bool) -> None:
    flow = OverParameterizedFlow(depth, b0=0.4, separate_layers=separate)
    z, lam, step = np.array([0.3, -1.1, 0.0]), np.array([0.01, 0.5, 1.0]), 0.02
    got = gradient_descent(flow, z, lam, step=step, t=[0.0, 3.0, 10.0])
    for column in range(3):
        for row, steps in enumerate((0, 150, 500)):
            want = layered(depth, separate, 0.4, z[column], lam[column], step, steps)
            assert got[row, column] == pytest.approx(want, rel=1e-11, abs=1e-15)


def test_vanilla_against_its_closed_form() -> None:
    got = gradient_descent(VANILLA, [1.0, -2.0], [0.5, 0.1], step=0.1, t=[0.0, 0.1, 5.0])
    want = (1 - (1 - 0.1 * np.array([0.5, 0.1])) ** np.array([[0], [1], [50]])) * [1.0, -2.0]
    np.testing.assert_allclose(got, want, rtol=1e-13)


def test_a_known_case_of_shared_and_separate_layers() -> None:
    """Depth 3, the case in which the two readings of (14) differ most plainly: 0.0062 and 0.0022."""
    shared, separate = (
        float(gradient_descent(OverParameterizedFlow(3, 0.4, s), 0.3, 0.01, step=0.005, t=60.0))
        for s in (False, True)
    )
    assert shared == pytest.approx(0.0062, abs=5e-5)
    assert separate == pytest.approx(0.0022, abs=5e-5)


@pytest.mark.parametrize("flow", [VANILLA, TWO_LAYER])
def test_first_order_convergence_to_the_exact_flow(flow: OverParameterizedFlow) -> None:
    z, lam, t = np.array([0.5, -1.0, 2.0]), np.array([0.3, 0.02, 1.5]), np.array([0.64, 1.28])
    exact = flow.estimate(z, lam, t)
    errors = [gradient_descent(flow, z, lam, step=step, t=t) - exact for step in (0.01, 0.005, 0.0025)]
    for coarse, fine in itertools.pairwise(errors):
        np.testing.assert_allclose(coarse / fine, 2, rtol=0.06)
    assert np.abs(errors[-1]).max() < 0.01


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("separate", [False, True])
def test_deep_flows_against_a_general_ode_solver(depth: int, separate: bool) -> None:
    z, lam, b0, t = 0.8, 0.1, 0.6, np.array([4.0, 8.0])

    def slope(
        _t: float, y: Array
    ) -> Array:  # (29) and, for separate layers, (14) with b_k' = a b^(D-1) beta (z - theta)
        a, b, beta = y
        pull = z - a * b**depth * beta
        return pull * np.array(
            [b**depth * beta, (1 if separate else depth) * a * b ** (depth - 1) * beta, a * b**depth]
        )

    run = solve_ivp(
        slope, (0, 8), [math.sqrt(lam), b0, 0.0], method="DOP853", rtol=1e-12, atol=1e-14, t_eval=t
    )
    exact = run.y[0] * run.y[1] ** depth * run.y[2]
    flow = OverParameterizedFlow(depth, b0, separate)
    fine, finer = (gradient_descent(flow, z, lam, step=step, t=t) for step in (0.004, 0.002))
    np.testing.assert_allclose(2 * finer - fine, exact, rtol=1e-4)  # Richardson
    np.testing.assert_allclose(finer, exact, rtol=0.01)


def test_times_are_rounded_to_whole_steps() -> None:
    got = gradient_descent(TWO_LAYER, 1.0, 0.5, step=0.1, t=[0.0, 0.04, 0.3, 0.26, 0.06, 0.34])
    assert got[0] == got[1] == 0
    assert got[2] == got[3] == got[5]
    assert got[4] == gradient_descent(TWO_LAYER, 1.0, 0.5, step=0.1, t=0.1) > 0
    assert got[4] < got[2]


def test_shapes_and_order_of_times() -> None:
    z, lam, t = np.linspace(-1, 1, 3), np.array([[0.1], [1.0]]), np.array([[2.0, 0.0], [0.5, 1.0]])
    for flow in (VANILLA, TWO_LAYER, OverParameterizedFlow(2)):
        got = gradient_descent(flow, z, lam, step=0.1, t=t)
        assert got.shape == (2, 2, 2, 3)
        assert (got[0, 1] == 0).all()
        np.testing.assert_array_equal(got[1, 0], gradient_descent(flow, z, lam, step=0.1, t=0.5))
        assert gradient_descent(flow, 1.0, 1.0, step=0.1, t=1.0).shape == ()
        assert gradient_descent(flow, 1.0, [1.0], step=0.1, t=[]).shape == (0, 1)
        assert gradient_descent(flow, [], 1.0, step=0.1, t=[1.0]).shape == (1, 0)


def test_divergence_raises() -> None:
    for flow, z, step in [(VANILLA, 1.0, 3.0), (TWO_LAYER, 40.0, 0.5), (OverParameterizedFlow(3), 30.0, 0.2)]:
        with pytest.raises(FloatingPointError, match=r"take step < "):
            gradient_descent(flow, z, 1.0, step=step, t=1000 * step)


@pytest.mark.parametrize(("name", "value"), [
    ("z", "a"), ("z", [math.nan]), ("z", math.inf), ("z", 1j), ("z", True), ("eigenvalues", -1.0),
    ("eigenvalues", math.nan),
    ("eigenvalues", math.inf), ("t", -0.5), ("t", math.inf), ("t", math.nan), ("t", None), ("step", 0.0),
    ("step", -1.0),
    ("step", math.nan), ("step", math.inf), ("step", "0.1"), ("step", True), ("step", [0.1]),
    ("flow", "two-layer"), ("flow", None),
])  # fmt: skip
def test_bad_input(name: str, value: object) -> None:
    good = {"flow": TWO_LAYER, "z": 1.0, "eigenvalues": 1.0, "step": 0.1, "t": 1.0}
    raises(lambda: gradient_descent(**{**good, name: value}), name, "must")


def test_shapes_that_do_not_broadcast() -> None:
    raises(
        lambda: gradient_descent(TWO_LAYER, [1.0] * 2, [1.0] * 3, step=0.1, t=1.0),
        "z of shape (2,)",
        "(3,)",
        "must",
    )
