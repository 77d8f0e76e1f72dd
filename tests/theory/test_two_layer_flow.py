"""Appendix D.1."""

from __future__ import annotations

import math

import numpy as np
import sympy as sp
from inequalities import never_negative
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid
from statements import statement

from opgd import OverParameterizedFlow

ROUNDING = 1e-12  # relative; the flow is right to about 1e-13
HALF, ONE = sp.S.Half, sp.S.One
FLOW = OverParameterizedFlow(depth=0)


def comparison(
    z: NDArray[np.float64], lam: NDArray[np.float64], t: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Equation (28) divided through by E, which may overflow; shape (times, components)."""
    size, left = 2 * np.abs(z), -(2 * np.abs(z) + lam) * t[:, None]
    return -lam * np.expm1(left) * z / (size * np.exp(left) + lam)


def wide_cases(seed: int) -> list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
    """Components and times: at kappa = 1, to which all others reduce, and unscaled; with the edges."""
    rng = np.random.default_rng(seed)
    ratio = np.append(10.0 ** rng.uniform(-12, 12, 5000), 1.0)  # lambda / (2 |z|)
    kappa = np.hypot(1, ratio)
    times = np.concatenate([[0.0], np.geomspace(1e-6, 200, 150), [math.inf]])
    z = 10.0 ** rng.uniform(-10, 3, 300) * rng.choice([-1, 0, 1], 300, p=[0.45, 0.1, 0.45])
    unscaled = np.concatenate([[0.0], 10.0 ** rng.uniform(-12, 20, 60), [math.inf]])
    return [
        (rng.choice([-1, 1], ratio.size) / (2 * kappa), ratio / kappa, times),
        (z, 10.0 ** rng.uniform(-12, 4, z.size), unscaled),
    ]


@statement(
    "eq23",
    grade="proved",
    covers="as a symbolic identity",
    teeth=[{"sign": 1}, {"power": 1}, {"power": 4}],
)
def test_conserved(sign: int = -1, power: int = 2) -> None:
    t, z = sp.symbols("t z")
    lam = sp.Symbol("lambda", positive=True)
    a, beta = sp.Function("a")(t), sp.Function("beta")(t)
    flow = {a.diff(t): beta * (z - a * beta), beta.diff(t): a * (z - a * beta)}
    conserved = a**power + sign * beta**power
    assert sp.simplify(conserved.diff(t).subs(flow)) == 0
    assert conserved.subs({a: sp.sqrt(lam), beta: 0}) == lam


@statement(
    "eq24",
    grade="proved",
    covers="from (23) with lambda, beta >= 0 and a > 0, symbolically",
    teeth=[{"lower": 1.01}, {"upper": 1.01}],
)
def test_order(lower: float = 1, upper: float = 1) -> None:
    """Lower * beta^2 <= theta and upper * theta <= a^2."""
    a = sp.Symbol("a", positive=True)
    beta, lam, gap = sp.symbols("beta lambda gap", nonnegative=True)
    assert sp.factor((a - beta) * (a + beta) - (a**2 - beta**2)) == 0
    assert (lam / (a + beta)).is_nonnegative  # by (23) that is a - beta: write a = beta + gap
    theta = (beta + gap) * beta
    assert sp.expand(theta - lower * beta**2).is_nonnegative
    assert sp.expand((beta + gap) ** 2 - upper * theta).is_nonnegative


@statement(
    "eq24",
    grade="checked",
    covers="exact flow, both signs of z, lambda/(2|z|) from 1e-12 to 1e12, t from 0 to inf, 5301 components",
    teeth=[{"lower": 1.001}, {"upper": 1.001}, {"a_power": 1}],
)
def test_order_of_the_exact_flow(lower: float = 1, upper: float = 1, a_power: int = 2) -> dict[str, float]:
    """The same for the exact flow, and a, beta >= 0; for z < 0 with theta and beta reflected."""
    below, above = [], []
    for z, lam, t in wide_cases(seed=24):
        state = FLOW.state(z, lam, t)
        theta, beta = state.theta * np.sign(z), state.beta * np.sign(z)
        assert (beta >= 0).all() and (state.a > 0).all()
        assert (theta <= np.abs(z) * (1 + ROUNDING)).all()
        assert (lower * beta**2 <= theta * (1 + ROUNDING)).all()
        assert (upper * theta <= state.a**a_power * (1 + ROUNDING)).all()
        moved = theta > 0
        below.append((beta[moved] ** 2 / theta[moved]).max())
        above.append((theta / state.a**2).max())
    return {"largest beta^2/theta": max(below), "largest theta/a^2": max(above)}


@statement(
    "eq25",
    grade="proved",
    covers="as a symbolic identity",
    teeth=[{"factor": 2}, {"factor": 1}, {"power": 1}],
)
def test_speed(factor: int = 4, power: int = 2) -> None:
    a, beta = sp.symbols("a beta", nonnegative=True)
    z = sp.Symbol("z", real=True)
    theta, lam = a * beta, a**2 - beta**2
    velocity = theta.diff(a) * beta * (z - theta) + theta.diff(beta) * a * (z - theta)  # by (8)
    root = sp.cancel(velocity / (z - theta))
    assert root.is_nonnegative
    assert sp.expand(root**2 - (lam**2 + factor * theta**power)) == 0


@statement(
    "eq26",
    grade="proved",
    covers="z > 0 and z < 0, symbolically",
    teeth=[{"held": 1}, {"speed": 1}, {"growth": 1}, {"start": 2}],
)
def test_comparison_flow(held: int = 2, speed: int = 2, growth: int = 2, start: int = 1) -> None:
    """(28) starts at 0, solves (26) and tends to z."""
    t, lam, size, excess = sp.symbols("t lambda size excess", positive=True)
    for sign in (1, -1):
        z = sign * size
        e = sp.exp((growth * size + lam) * t)
        tilde = lam * (e - start) * z / (held * size + lam * e)
        modulus = sign * tilde
        assert sp.simplify(modulus.subs(e, 1 + excess)).is_positive  # E > 1 for t > 0
        assert sp.simplify(tilde.diff(t) - (lam + speed * modulus) * (z - tilde)) == 0
        assert tilde.subs(t, 0) == 0
        assert sp.limit(tilde.subs(e, 1 + excess), excess, sp.oo) == z


@statement(
    "eq27",
    grade="proved",
    covers="for all values: speeds compared by symbols, the flows as times at which they pass a level",
    teeth=[
        {"late": sp.sqrt(sp.Rational(199, 100))},
        {"early": sp.Rational(101, 100)},
        {"growth": 3},
        {"held": 3},
    ],
)
def test_sandwich_always(
    late: sp.Expr = 2**HALF, early: sp.Expr = ONE, growth: int = 2, held: int = 2
) -> None:
    """0 <= comparison(t / late) <= theta(t) <= comparison(t / early) <= z for z > 0.

    Both flows are theta' = speed(theta) (z - theta), so each passes a level v < z once, at the integral of
    1 / (speed (z - theta)) up to v. By the speeds, the exact flow does so at a time between `early` and
    `late` times that of the comparison flow, which is (28) solved for t.
    """
    lam, z, v = sp.symbols("lambda z v", positive=True)
    exact, compared = lam**2 + 4 * v**2, lam + 2 * v  # by (25), squared, and (26)
    form = sp.hessian(late**2 * exact - compared**2, (lam, v))  # twice the matrix of a quadratic form
    assert form.is_positive_semidefinite
    assert never_negative(compared**2 - early**2 * exact, lam, v)
    passes = sp.log((lam + 2 * v) * z / (lam * (z - v))) / (growth * z + lam)
    assert sp.simplify(passes.diff(v) * compared * (z - v)) == 1
    assert sp.simplify(passes.subs(v, 0)) == 0
    e = (lam + 2 * v) * z / (lam * (z - v))  # E of (28) at that time
    assert sp.simplify(lam * (e - 1) * z / (held * z + lam * e) - v) == 0
    assert (1 / e).subs(v, z) == 0  # the time to z is infinite
    x, y = sp.symbols("x y", real=True)  # estimate and observation; z < 0 is z > 0 reflected
    for speed in (sp.sqrt(lam**2 + 4 * x**2), lam + 2 * sp.Abs(x)):
        velocity = speed * (y - x)
        assert sp.simplify(velocity.subs({x: -x, y: -y}, simultaneous=True) + velocity) == 0


@statement(
    "eq27",
    grade="checked",
    covers="exact flow, both signs of z, lambda/(2|z|) from 1e-12 to 1e12, t from 0 to inf, 5301 components",
    teeth=[{"late": 1.4}, {"early": 1.0001}, {"late": 1.0}],
)
def test_sandwich(late: float = math.sqrt(2), early: float = 1) -> dict[str, float]:
    """0 <= comparison(t / late) <= theta(t) <= comparison(t / early) <= z, reversed for z < 0."""
    lower, upper = [], []
    for z, lam, t in wide_cases(seed=27):
        sign = np.sign(z)
        theta = sign * FLOW.estimate(z, lam, t)
        low, high = sign * comparison(z, lam, t / late), sign * comparison(z, lam, t / early)
        assert (low >= 0).all()
        assert (low <= theta * (1 + ROUNDING)).all()
        assert (theta <= high * (1 + ROUNDING)).all()
        assert (high <= np.abs(z) * (1 + ROUNDING)).all()
        moved = (theta > 0) & (theta < np.abs(z) / 2)
        lower.append((low[moved] / theta[moved]).max())
        upper.append((theta[moved] / high[moved]).max())
    return {"largest lower/theta up to z/2": max(lower), "largest theta/upper up to z/2": max(upper)}


@statement(
    "eq27",
    grade="checked",
    covers="both time factors are approached, at lambda = 2|z| and at large lambda; times from (25), (26)",
    teeth=[{"late": 1.413}, {"late": 1.416}, {"early": 1.001}, {"early": 0.999}],
)
def test_sandwich_is_sharp(late: float = math.sqrt(2), early: float = 1) -> dict[str, float]:
    """Times at which both flows reach the same estimate differ by factors between 1 and sqrt(2)."""
    s = np.linspace(0, 1e4, 200_001)  # theta = z (1 - e^-s), so that dt = ds / speed
    factors = []
    for ratio in (1e-12, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e12):  # lambda / (2 |z|), at 2 |z| = 1
        theta2 = -np.expm1(-s)
        exact = cumulative_trapezoid(1 / np.hypot(ratio, theta2), s)
        compared = cumulative_trapezoid(1 / (ratio + theta2), s)
        factors.append(exact / compared)
    largest, smallest = float(np.max(factors)), float(np.min(factors))
    assert 1 - 2e-4 < largest / late <= 1
    assert abs(smallest / early - 1) < 1e-9
    return {"largest time factor": largest, "smallest time factor": smallest}
