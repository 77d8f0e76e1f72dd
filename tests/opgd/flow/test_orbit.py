"""A component by its angle: beside steps in time, the solver, and more digits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from cases import raises
from scipy.integrate import solve_ivp

from opgd import OverParameterizedFlow
from opgd.flow.orbit import Orbit

CASES = [
    (0, 1.0, 0.01, 0.3),
    (1, 0.4, 1e-4, 0.5),
    (2, 0.4, 1e-4, 0.5),
    (3, 0.2, 0.01, 5.0),
    (8, 1.0, 1e-10, 0.05),
]


@pytest.mark.parametrize("case", CASES)
def test_the_layers_at_a_time_are_those_of_steps_in_time(case: tuple[int, float, float, float]) -> None:
    depth, b0, lam, z = case
    orbit = Orbit(*case)
    t = orbit.time(orbit.angle(0.9))

    def velocity(_: float, x: np.ndarray) -> list[float]:
        a, b, beta = x
        pull = z - a * b**depth * beta
        b_dot = depth * a * b ** (depth - 1) * beta * pull if depth else 0.0
        return [b**depth * beta * pull, b_dot, a * b**depth * pull]

    start = [math.sqrt(lam), b0, 0.0]
    a, b, beta = solve_ivp(velocity, (0, t), start, method="DOP853", rtol=1e-11, atol=1e-14).y[:, -1]
    u = math.asinh(beta / math.sqrt(lam))
    assert u == pytest.approx(orbit.angle(0.9), rel=1e-6)
    assert b == pytest.approx(orbit.layer(u), rel=1e-8)
    assert a * b**depth * beta == pytest.approx(orbit.estimate(u), rel=1e-8)
    assert a * b**depth * beta == pytest.approx(0.9 * z, rel=1e-6)
    assert b**depth * (z - a * b**depth * beta) == pytest.approx(orbit.speed(u), rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_the_time_is_that_of_the_solver(case: tuple[int, float, float, float]) -> None:
    depth, b0, lam, z = case
    orbit = Orbit(*case)
    flow = OverParameterizedFlow(depth, b0=b0)
    for fraction in (0.01, 0.5, 0.99):
        t = orbit.time(orbit.angle(fraction))
        assert float(flow.estimate(z, lam, t)) == pytest.approx(fraction * z, rel=1e-5)


def test_feedback_slows_down_by_a_factor_of_two_at_most_until_half_is_fitted() -> None:
    for case in CASES:
        orbit = Orbit(*case)
        half = orbit.angle(0.5)
        free, exact = orbit.time_without_feedback(half), orbit.time(half)
        assert free < exact < 2 * free
    assert Orbit(0, 1.0, 0.01, 0.3).time_without_feedback(2.0) == pytest.approx(2.0 / 0.3)


def test_more_digits_with_mpmath() -> None:
    with mpmath.workdps(30):
        b0, lam, z = mpmath.mpf("0.2"), mpmath.mpf("0.01"), mpmath.mpf(5)
        orbit = Orbit(3, b0, lam, z, numeric=mpmath)  # type: ignore[arg-type]
        high = mpmath.mpf(orbit.angle(0.9))
        t = mpmath.quad(orbit.pace, [0, high / 2, high])
        assert orbit.estimate(high) == pytest.approx(4.5, rel=1e-10)
        assert mpmath.almosteq(
            orbit.layer(high) ** 2, b0**2 + 3 * lam * mpmath.sinh(high) ** 2, rel_eps=1e-28
        )
    assert float(t) == pytest.approx(orbit.time(float(high)), rel=1e-9)


def test_at_rest_the_speed_is_zero() -> None:
    for case in CASES:
        orbit = Orbit(*case)
        rest = orbit.angle()
        assert abs(orbit.speed(rest)) < 1e-9 * orbit.speed(0.9 * rest)


@pytest.mark.parametrize(
    ("name", "value"), [("depth", -1), ("b0", 0.0), ("eigenvalue", -1.0), ("observation", math.nan)]
)
def test_what_is_no_orbit_is_refused(name: str, value: float) -> None:
    given = {"depth": 1, "b0": 0.4, "eigenvalue": 0.01, "observation": 0.5}
    raises(lambda: Orbit(**{**given, name: value}), name)


@pytest.mark.parametrize("fraction", [0.0, 1.1, math.nan])
def test_a_fraction_is_above_zero_and_at_most_one(fraction: float) -> None:
    raises(lambda: Orbit(1, 0.4, 0.01, 0.5).angle(fraction), "fraction")
