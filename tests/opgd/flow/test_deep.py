r"""The exact deep flow, at every depth and over the whole range of doubles, against mpmath.

What is promised: theta, a, b and beta within `tolerance` (1e-8 unless told) of the solution at a time within
a few units in the last place of t. In the explosive stage t theta' / theta reaches (b / b0)^D, so that a
rounding of t alone moves theta by that many times 1e-16; only there does the second half of it matter.
"""

from __future__ import annotations

import math
import random
import tracemalloc
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
import pytest
from cases import DeepPath, assert_close, deep, deep_condition, raises, two_layer
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from opgd import OverParameterizedFlow, gradient_descent
from opgd._validate import Array

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)
ULPS = 16  # of t
FINEST = 1e-11


class Case(NamedTuple):
    """One component of one flow at one time, in the order of the arguments of `deep`."""

    z: float
    lam: float
    t: float
    depth: int
    b0: float
    separate: bool = False

    def flow(self, tolerance: float = 1e-8) -> OverParameterizedFlow:
        return OverParameterizedFlow(self.depth, self.b0, self.separate, tolerance)

    def state(self, tolerance: float = 1e-8) -> list[float]:
        state = self.flow(tolerance).state(self.z, self.lam, self.t)
        return [float(x) for x in (state.theta, state.a, state.b, state.beta)]


def check(case: Case, *tolerances: float, ulps: float = ULPS) -> None:
    """Assert what is promised of theta, a, b and beta."""
    *reference, condition = deep_condition(*case)
    for tolerance in tolerances or (1e-8,):
        got = case.state(tolerance)
        if condition * ulps * 2**-53 < tolerance / 10:
            for value, exact in zip(got, reference, strict=True):
                assert_close(value, exact, tolerance)
            continue
        with mp.workdps(40):  # all grow with t
            early, late = (deep(*case._replace(t=case.t * (1 + k * mp.mpf(2) ** -53))) for k in (-ulps, ulps))
            for value, low, high in zip(got, early, late, strict=True):
                if abs(high) >= 1e-307:
                    assert abs(low) * (1 - tolerance) <= abs(value) <= abs(high) * (1 + tolerance)
                    assert value * high > 0


def random_cases(count: int, seed: int, depths: list[int]) -> list[Case]:
    """Return cases of the ordinary kind, all stages of the flow among them."""
    rng = random.Random(seed)
    found = []
    for i in range(count):
        depth = depths[i % len(depths)]
        z, lam = 10 ** rng.uniform(-3, math.log10(4)) * rng.choice([1, -1]), 10 ** rng.uniform(-9, 1)
        b0 = 0.06 * (2 / 0.06) ** rng.random()
        t = 0.1 * 200 ** rng.random() / (abs(z) * b0**depth)
        found.append(Case(z, lam, t, depth, b0, rng.random() < 0.5))
    return found


# --- the reference itself


SLOW_CASES = [
    Case(0.3, 0.01, 20.0, 3, 0.4), Case(0.3, 0.01, 20.0, 3, 0.4, True), Case(-1.5, 0.2, 3.0, 1, 0.6),
    Case(0.9, 1e-3, 15.0, 2, 0.5, True), Case(2.0, 0.5, 0.5, 4, 0.9), Case(-0.8, 2.0, 1.0, 5, 0.7, True),
]  # fmt: skip


@pytest.mark.parametrize("case", SLOW_CASES)
def test_the_reference_solves_the_three_equations(case: Case) -> None:
    z, lam, t, depth, b0, separate = case
    share = 1 if separate else depth
    with mp.workdps(22):

        def slopes(_t: mp.mpf, y: list[mp.mpf]) -> list[mp.mpf]:  # (30)
            a, b, beta = y
            gap = z - a * b**depth * beta
            return [
                b**depth * beta * gap, share * a * b ** (depth - 1) * beta * gap, a * b**depth * gap
            ]  # fmt: skip

        run = mp.odefun(slopes, 0, [mp.sqrt(lam), mp.mpf(b0), mp.mpf(0)])
        for fraction in (0.3, 1):
            theta, *layers = deep(*case._replace(t=fraction * t))
            solved = run(fraction * t)
            for value, reference in zip(layers, solved, strict=True):
                assert mp.almosteq(value, reference, 1e-19)
            a, b, beta = solved
            assert mp.almosteq(theta, a * b**depth * beta, 1e-19)


def implicit_time(z: float, lam: float, depth: int, b0: float, m: int, beta: mp.mpf) -> mp.mpf:
    """Return t(beta) at depth 2 or 4 in closed form: rational in q = e^(2u), beta = lambda^(1/2) sinh u.

    t is half the integral from 1 to q of q^(2n) / (B^n P), n = depth / 2, where B = q b^2 is a quadratic and
    P = z q^(n+1) - lambda (q^2 - 1) B^n / 4 has a root where theta = z.
    """
    n = depth // 2
    x = beta / mp.sqrt(lam)
    q = (x + mp.sqrt(1 + x * x)) ** 2
    quarter = m * mp.mpf(lam) / 4
    quadratic = [quarter, mp.mpf(b0) ** 2 - 2 * quarter, quarter]
    power = [mp.mpf(1)]
    for _ in range(n):
        power = convolve(power, quadratic)
    p = [-mp.mpf(lam) / 4 * c for c in convolve([mp.mpf(1), mp.mpf(0), mp.mpf(-1)], power)]
    p[len(p) - 1 - (n + 1)] += z
    total = mp.mpf(0)
    for r in mp.polyroots(p, maxsteps=500, extraprec=400):
        rest = mp.polyval(power, r) * mp.polyval(p, r, derivative=True)[1]
        total += r ** (2 * n) / rest * mp.log((q - r) / (1 - r))
    one, two = mp.polyroots(quadratic, maxsteps=500, extraprec=400)
    for r, s in ((one, two), (two, one)):
        value, slope = mp.polyval(p, r, derivative=True)
        head = r ** (2 * n) / (quarter**n * (r - s) ** n * value)
        if n == 1:
            total += head * mp.log((q - r) / (1 - r))
        else:
            total += head * (1 / (1 - r) - 1 / (q - r))
            total += head * (2 * n / r - n / (r - s) - slope / value) * mp.log((q - r) / (1 - r))
    return mp.re(total) / 2


def convolve(one: list[mp.mpf], two: list[mp.mpf]) -> list[mp.mpf]:
    out = [mp.mpf(0)] * (len(one) + len(two) - 1)
    for i, x in enumerate(one):
        for j, y in enumerate(two):
            out[i + j] += x * y
    return out


def test_the_reference_agrees_with_the_closed_form_at_even_depths() -> None:
    compared = 0
    for case in random_cases(10, seed=7, depths=[2, 4]):
        z, lam, t, depth, b0, separate = case = case._replace(z=abs(case.z), t=case.t / 5)
        *_, beta, condition = deep_condition(*case, dps=50)
        if condition > 1e-20:  # else too near the end to tell the time
            with mp.workdps(50):
                closed = implicit_time(z, lam, depth, b0, 1 if separate else depth, beta)
                assert mp.almosteq(closed, mp.mpf(t), mp.mpf(10) ** -22)
            compared += 1
    assert compared >= 8


def test_the_reference_is_elementary_when_both_layers_start_alike() -> None:
    """Depth 1, lambda = b0^2: a = b, and dt = dbeta / ((lambda + beta^2) (z - lambda beta - beta^3))."""
    for z, b0, t in [(0.3, 0.125, 40.0), (2.0, 0.75, 0.5), (1.0, 2.0**-10, 900.0)]:
        with mp.workdps(40):
            lam = mp.mpf(b0**2)
            theta, a, b, beta = deep(z, b0**2, t, 1, b0, dps=30)
            total = mp.mpf(0)
            for r in mp.polyroots([-1, 0, -lam, z], maxsteps=200, extraprec=200):
                total += mp.log(1 - beta / r) / ((lam + r * r) * (-3 * r * r - lam))
            for r in (1j * mp.sqrt(lam), -1j * mp.sqrt(lam)):
                total += mp.log(1 - beta / r) / (2 * r * (z - lam * r - r**3))
            assert mp.almosteq(mp.re(total), mp.mpf(t), 1e-26)
            assert mp.almosteq(a, b, 1e-28)
            assert mp.almosteq(theta, a * b * beta, 1e-28)


def test_the_reference_at_depth_0_is_the_two_layer_flow() -> None:
    rng = random.Random(3)
    for _ in range(12):
        z, lam, lead = 10 ** rng.uniform(-100, 100), 10 ** rng.uniform(-100, 6), rng.uniform(0.1, 2)
        t = lead * (1 + math.log1p(z / lam)) / max(z, lam)
        theta, a, b, beta = deep(z, lam, t, 0, 0.5, dps=30)
        with mp.workdps(40):
            for value, reference in zip((theta, a, beta), two_layer(z, lam, t), strict=True):
                assert mp.almosteq(value, reference, 1e-28)
        assert b == 0.5


def test_the_reference_at_extreme_magnitudes() -> None:
    """With twice the digits it says the same; and tiny z are fitted at the constant rate lambda b0^(2 D)."""
    for case in EXTREMES:
        if 0 < case.t < math.inf:
            coarse, fine = deep(*case), deep(*case, dps=45)
            with mp.workdps(50):
                for one, two in zip(coarse, fine, strict=True):
                    assert mp.almosteq(one, two, 1e-19)
    for z in (5e-324, 1e-200):
        theta, *_ = deep(z, 0.5, 0.75, 3, 1.5)
        with mp.workdps(40):
            assert mp.almosteq(theta, -z * mp.expm1(-mp.mpf(0.375) * mp.mpf(1.5) ** 6), 1e-19)


# --- the exact flow against the reference

EXTREMES = [
    Case(5e-324, 1.0, 1.0, 1, 1.0), Case(5e-324, 5e-324, 1e308, 3, 1.0), Case(1e300, 1.0, 1e-300, 1, 1.0),
    Case(-1e300, 1e-9, 3e-299, 2, 0.5), Case(1e300, 5e-324, 1e-300, 4, 2.0), Case(1e300, 1.0, 1e-200, 1, 9.0),
    Case(0.3, 0.01, 1e-300, 3, 0.4), Case(0.3, 0.01, 1e300, 3, 0.4), Case(0.3, 5e-324, 200.0, 1, 0.4),
    Case(0.3, 0.01, 1e100, 2, 1e-50), Case(0.3, 0.01, 6e99, 2, 1e-50), Case(0.3, 0.01, 1e98, 2, 1e-50, True),
    Case(0.3, 0.01, 1e-100, 2, 1e50), Case(-0.3, 1e-200, 1e-100, 2, 1e50), Case(0.3, 1e-150, 1e-50, 1, 1e50),
    Case(1e-300, 1e-300, 1e300, 6, 1.0), Case(1e-20, 1e-300, 1e22, 1, 0.1), Case(2.0, 1e-100, 250.0, 3, 0.9),
    Case(1e150, 1e-150, 1e-150, 8, 1.0), Case(1e10, 1e6, 1e-12, 12, 0.1), Case(1e-10, 1e6, 1e-6, 12, 0.1),
    Case(0.05285287702366814, 1.741254535809473e-79, 1.3124325365748777e+293, 12, 6.555587245887865e-37),
    Case(-4.7888845033778844e+24, 9.609827103164771e-48, 2.3101556551375903e+116, 8, 2.07461828e-46, True),
    Case(-3.6701010328752744e+24, 0.0025458671110061017, 8.486956e-318, 5, 1.2371541210881334e+32),
    Case(-1.1691e69, 4.504124929981199e-15, 5.64023693e240, 12, 1.455166123e-26),
    Case(-3.1714465564668883e-115, 2.4134510140087347e-102, 1.66133014898e+270, 5, 7.983254708e-32, True),
    Case(1.76392e102, 1.539707760549536e-215, 7.585569e214, 5, 2.6451817377516282e-64),
    Case(0.3, 0.01, math.inf, 3, 0.4), Case(-2e9, 1e-300, math.inf, 3, 1e-50), Case(2.0, 1e6, math.inf, 1, 9),
    Case(0.0, 0.01, 60.0, 3, 0.4), Case(0.0, 0.01, math.inf, 3, 0.4), Case(0.3, 0.0, 60.0, 3, 0.4),
    Case(0.3, 0.0, math.inf, 2, 0.4), Case(0.3, 0.01, 0.0, 3, 0.4), Case(0.0, 0.0, 0.0, 1, 0.4),
]  # fmt: skip


@pytest.mark.parametrize("depths", [[1], [2], [3], [4], [5], [6], [8], [12], [0, 1, 2, 3, 4, 5, 6]], ids=str)
def test_random_cases(depths: list[int]) -> None:
    for case in random_cases(16 if len(depths) == 1 else 42, seed=sum(depths), depths=depths):
        check(case, 1e-8, FINEST)


@pytest.mark.parametrize("case", EXTREMES, ids=str)
def test_extremes(case: Case) -> None:
    check(case)


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda x: max(10.0**x, 5e-324))


@st.composite
def anywhere(draw: st.DrawFn) -> Case:
    """Draw components at any magnitude, at the times of all stages of the flow."""
    width = draw(st.sampled_from([10, 50, 300]))
    z = draw(powers(-width, width)) * draw(st.sampled_from([1, -1]))
    lam = draw(powers(-width, min(width, 6)))
    depth, b0 = draw(st.integers(1, 12)), draw(powers(-min(width, 100), min(width, 50)))
    explosion = -math.log10(abs(z)) - depth * math.log10(b0)
    relaxation = -math.log10(lam) - 2 * depth * math.log10(b0)
    log_t = draw(st.sampled_from([explosion, relaxation])) + draw(st.floats(-3, 3))
    t = draw(powers(-320, 308)) if not -320 < log_t < 308 else 10.0**log_t
    return Case(z, lam, t, depth, b0, draw(st.booleans()))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(anywhere(), st.sampled_from([1e-3, 1e-5, 1e-8, FINEST]))
@example(Case(1.0, 1.0, 0.01, 1, 1.0), FINEST)
@example(Case(-0.09527488189295794, 0.10104702111505846, 0.0573, 4, 0.8778111933532714), FINEST)
def test_anywhere(case: Case, tolerance: float) -> None:
    check(case, tolerance)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(1, 8), powers(-9, 0), powers(-2.5, -0.3), powers(-2, 1), st.floats(0.01, 0.99), st.booleans()
)
def test_in_the_explosive_stage(
    depth: int, lam: float, b0: float, z: float, share: float, separate: bool
) -> None:
    """Beta anywhere on the scale of its logarithm: theta may move 10^16 times faster than t."""
    with mp.workdps(40):
        path = DeepPath(z, lam, depth, b0, 1 if separate else depth, 40)
        t = float(path.time(share * path.end))
    check(Case(z, lam, t, depth, b0, separate), 1e-8, FINEST)


def test_rest_and_equilibrium_are_exact() -> None:
    z, lam = np.array([0.3, -2.0, 0.0, 1.7, 1e300, -5e-324]), np.array([0.01, 1e-9, 1.0, 0.0, 1e-300, 1.0])
    for depth in (1, 2, 5, 12):
        for separate in (False, True):
            flow = OverParameterizedFlow(depth, 0.4, separate)
            start, never, end = (flow.state(z, lam, t) for t in (0.0, [], math.inf))
            assert (start.theta == 0).all() and (start.beta == 0).all() and (start.b == 0.4).all()
            np.testing.assert_allclose(start.a, np.sqrt(lam), rtol=2e-14)
            assert never.theta.shape == (0, 6)
            np.testing.assert_allclose(end.theta, np.where(lam > 0, z, 0), rtol=4e-16)


# --- arrays


def lanes(count: int, seed: int = 0) -> tuple[Array, Array, Array]:
    """Return z, lambda and times of many components of one flow, corners included."""
    rng = np.random.default_rng(seed)
    z, lam = rng.normal(size=count), 10 ** rng.uniform(-9, 1, count)
    z[::17], lam[::23] = 0, 0
    return z, lam, rng.permutation(np.r_[0.0, math.inf, np.geomspace(1e-3, 1e5, 29), 7.0, 7.0])


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
@pytest.mark.parametrize("separate", [False, True])
def test_many_at_once_equal_one_at_a_time(depth: int, separate: bool) -> None:
    flow = OverParameterizedFlow(depth, 0.3, separate)
    z, lam, t = lanes(120)
    together = flow.state(z, lam, t)
    np.testing.assert_array_equal(flow.estimate(z, lam, t), together.theta)
    for j in range(z.size):
        alone = flow.state(z[j], lam[j], t)
        for name in ("theta", "a", "b", "beta"):
            np.testing.assert_array_equal(getattr(together, name)[:, j], getattr(alone, name))
    for i in range(t.size):  # how many times share a panel decides how often it is iterated
        alone = flow.state(z, lam, t[i])
        for name in ("theta", "a", "b", "beta"):
            np.testing.assert_allclose(getattr(together, name)[i], getattr(alone, name), rtol=2e-12)
    np.testing.assert_array_equal(*flow.estimate(z, lam, [7.0, 7.0]))


def test_order_and_shape_of_the_arguments_do_not_matter() -> None:
    flow = OverParameterizedFlow(3, 0.5)
    z, lam, t = lanes(40)
    sheet = flow.estimate(z, lam, t)
    order = np.argsort(t)
    np.testing.assert_array_equal(flow.estimate(z, lam, t[order]), sheet[order])
    swapped = np.concatenate([order[:1], order[:0:-1]])  # the first in place, the others not
    np.testing.assert_array_equal(flow.estimate(z, lam, t[swapped]), sheet[swapped])
    np.testing.assert_array_equal(flow.estimate(z[::-1], lam[::-1], t)[:, ::-1], sheet)
    cube = flow.estimate(z.reshape(2, 1, 20), lam[:3, None], t.reshape(11, 3))
    assert cube.shape == (11, 3, 2, 3, 20)
    np.testing.assert_array_equal(cube[4, 1, 1, 2], flow.estimate(z[20:], lam[2], t)[13])
    assert flow.estimate(1.0, 1.0, 1.0).shape == ()
    assert flow.estimate([], [], 1.0).shape == (0,)
    assert flow.estimate(np.empty((3, 0)), 1.0, [1.0, 2.0]).shape == (2, 3, 0)
    assert flow.estimate([1.0, 2.0], 1.0, []).shape == (0, 2)
    integers = flow.estimate([1, 2], 1, 3)
    assert integers.dtype == np.float64
    np.testing.assert_array_equal(integers, flow.estimate([1.0, 2.0], 1.0, 3.0))
    state = flow.state(z, lam, t)
    np.testing.assert_allclose(state.learned_eigenvalue, state.a * state.b**3, rtol=1e-15)


def test_inputs_are_left_alone() -> None:
    z, lam, t = lanes(30)
    copies = z.copy(), lam.copy(), t.copy()
    for array in (z, lam, t):
        array.flags.writeable = False
    OverParameterizedFlow(2, 0.5).state(z, lam, t)
    for array, copy in zip((z, lam, t), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_memory_stays_at_a_few_copies_of_the_output() -> None:
    z, lam, _ = lanes(40_000)
    flow = OverParameterizedFlow(1, 0.3)
    flow.estimate(z[:10], lam[:10], [1.0])  # compile
    for shape in ((40,), (2000,)):
        few = z[: 1_600_000 // shape[0]]
        tracemalloc.start()
        output = flow.estimate(few, lam[: few.size], np.geomspace(0.1, 1000, *shape))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 3 * output.nbytes


# --- properties


@st.composite
def ordinary(
    draw: st.DrawFn, tolerance: float = 1e-8, least_depth: int = 1
) -> tuple[OverParameterizedFlow, Any]:
    """Draw a flow and positive z, lambda, t."""
    depth, b0 = draw(st.integers(least_depth, 8)), draw(powers(-1.5, 0.5))
    z, lam = draw(powers(-4, 1)), draw(powers(-10, 2))
    t = draw(powers(-3, 1.5)) / (z * b0**depth)
    return OverParameterizedFlow(depth, b0, draw(st.booleans()), tolerance), (z, lam, t)


@PROPERTY
@given(ordinary())
def test_conserved_quantities_and_bounds(drawn: tuple[OverParameterizedFlow, Any]) -> None:
    flow, (z, lam, t) = drawn
    share = 1 if flow.separate_layers else flow.depth
    state = flow.state(z, lam, t)
    assert abs(state.a**2 - state.beta**2 - lam) <= 1e-13 * state.a**2  # (31)
    assert abs(state.b**2 - share * state.beta**2 - flow.b0**2) <= 1e-13 * state.b**2  # (32)
    assert float(state.theta) == pytest.approx(float(state.learned_eigenvalue * state.beta), rel=1e-13)
    assert 0 <= state.theta <= z
    mirrored = flow.state(-z, lam, t)
    assert (mirrored.theta, mirrored.beta) == (-state.theta, -state.beta)
    assert (mirrored.a, mirrored.b) == (state.a, state.b)


@PROPERTY
@given(ordinary())
def test_everything_grows(drawn: tuple[OverParameterizedFlow, Any]) -> None:
    """Proposition 3.4's a b^D, and |theta|, along a fine grid of times: up to rounding, panel by panel."""
    flow, (z, lam, t) = drawn
    state = flow.state(z, lam, t * np.linspace(0, 3, 1001))
    for path in (state.learned_eigenvalue, state.theta):
        assert (np.diff(path) >= -1e-9 * path[1:]).all()


@PROPERTY
@given(ordinary(FINEST), st.sampled_from([2.0**k for k in (-9, -3, 2, 7)]))
def test_scaling_law(drawn: tuple[OverParameterizedFlow, Any], c: float) -> None:
    flow, (z, lam, t) = drawn
    depth = flow.depth
    *_, condition = deep_condition(z, lam, t, depth, flow.b0, flow.separate_layers)
    state = flow.state(z, lam, t)
    scaled = OverParameterizedFlow(depth, c * flow.b0, flow.separate_layers, FINEST).state(
        c ** (depth + 2) * z, c * c * lam, t / c ** (2 * depth + 2)
    )
    near = 2 * FINEST + 64 * 2**-53 * float(condition)
    assert float(scaled.theta) == pytest.approx(float(c ** (depth + 2) * state.theta), rel=near)
    for name in ("a", "b", "beta"):
        assert float(getattr(scaled, name)) == pytest.approx(float(c * getattr(state, name)), rel=near)


@PROPERTY
@given(ordinary(FINEST, 2))
def test_separate_layers_are_a_shared_flow_of_another_size(drawn: tuple[OverParameterizedFlow, Any]) -> None:
    """D separate layers: the shared flow of theta = c a b^D beta, c = D^(-D/2), started at D^(1/2) b0."""
    flow, (z, lam, t) = drawn
    depth, c = flow.depth, flow.depth ** (-flow.depth / 2)
    *_, condition = deep_condition(z, lam, t, depth, flow.b0, separate=True)
    separate = OverParameterizedFlow(depth, flow.b0, True, FINEST).state(z, lam, t)
    shared = OverParameterizedFlow(depth, math.sqrt(depth) * flow.b0, False, FINEST).state(
        z / c, lam, c * c * t
    )
    near = 2 * FINEST + 64 * 2**-53 * float(condition)
    assert float(c * shared.theta) == pytest.approx(float(separate.theta), rel=near)
    assert float(shared.b / math.sqrt(depth)) == pytest.approx(float(separate.b), rel=near)
    for name in ("a", "beta"):
        assert float(getattr(shared, name)) == pytest.approx(float(getattr(separate, name)), rel=near)


def test_one_separate_layer_is_a_shared_one() -> None:
    z, lam, t = lanes(50)
    one, other = (OverParameterizedFlow(1, 0.2, separate).estimate(z, lam, t) for separate in (False, True))
    np.testing.assert_array_equal(one, other)


# --- against other methods


VERY_DEEP = Case(0.5, 0.3, 2.0, 600, 0.995)


@pytest.mark.parametrize("case", [*random_cases(8, seed=11, depths=[1, 2, 3, 6]), VERY_DEEP], ids=str)
def test_against_a_general_ode_solver(case: Case) -> None:
    z, lam, end, depth, b0, separate = case
    end /= 4  # later, it is stiff
    share = 1 if separate else depth

    def slope(_t: float, y: Array) -> Array:
        a, b, beta = y
        gap = z - a * b**depth * beta
        return gap * np.array([b**depth * beta, share * a * b ** (depth - 1) * beta, a * b**depth])

    t = np.linspace(0, end, 12)
    start = [math.sqrt(lam), b0, 0.0]
    run = solve_ivp(slope, (0, end), start, method="DOP853", rtol=1e-12, atol=1e-16, t_eval=t)
    state = case.flow().state(z, lam, t)
    for got, path in zip((state.a, state.b, state.beta), run.y, strict=True):
        np.testing.assert_allclose(got, path, rtol=1e-8)
    np.testing.assert_allclose(state.theta, run.y[0] * run.y[1] ** depth * run.y[2], rtol=2e-8)


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("separate", [False, True])
def test_gradient_descent_tends_to_it_at_first_order(depth: int, separate: bool) -> None:
    flow = OverParameterizedFlow(depth, 0.7, separate)
    z, lam, t = np.array([0.5, -1.0, 0.8]), np.array([0.3, 0.02, 0.5]), np.array([0.64, 1.92])
    exact = flow.estimate(z, lam, t)
    coarse, fine = (np.abs(gradient_descent(flow, z, lam, step=step, t=t) - exact) for step in (4e-4, 2e-4))
    assert (fine < 1e-3).all()
    np.testing.assert_allclose(coarse / fine, 2, rtol=0.02)


# --- bad input


@pytest.mark.parametrize(
    "tolerance", [0.0, 1e-12, 9.9e-12, 1.1e-3, 1.0, -1e-8, math.nan, math.inf, "1e-8", True]
)
def test_tolerances_that_are_not_allowed(tolerance: Any) -> None:
    raises(
        lambda: OverParameterizedFlow(1, 0.5, False, tolerance),
        "tolerance",
        repr(tolerance),
        "1e-11",
        "0.001",
    )


@pytest.mark.parametrize("depth", [-1, 1.5, 2.0, True, "1", None, math.nan])
def test_depths_that_are_not_allowed(depth: Any) -> None:
    raises(lambda: OverParameterizedFlow(depth), "depth", repr(depth), ">= 0")


@pytest.mark.parametrize("b0", [0.0, -1.0, math.nan, math.inf, "1", True])
def test_starts_that_are_not_allowed(b0: Any) -> None:
    raises(lambda: OverParameterizedFlow(2, b0), "b0", repr(b0), "> 0")


@pytest.mark.parametrize(
    ("z", "lam", "t", "name"),
    [
        (math.nan, 1.0, 1.0, "z"), (math.inf, 1.0, 1.0, "z"), (1.0, -1.0, 1.0, "eigenvalues"),
        (1.0, math.inf, 1.0, "eigenvalues"), (1.0, 1.0, -1.0, "t"), (1.0, 1.0, math.nan, "t"),
        (1j, 1.0, 1.0, "z"),
    ],
)  # fmt: skip
def test_arguments_that_are_not_allowed(z: Any, lam: Any, t: Any, name: str) -> None:
    flow = OverParameterizedFlow(2, 0.5)
    for call in (flow.estimate, flow.state):
        raises(lambda call=call: call([0.5, z], lam, t), name)  # type: ignore[misc]
    raises(lambda: flow.estimate([1.0, 2.0], [1.0, 2.0, 3.0], 1.0), "broadcast")
