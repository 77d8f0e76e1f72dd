r"""The claims of the chapter *Learned eigenvalues*, proved or measured without the chapter.

Proposition 3.4, (17) and (18), and the times of Figures 2 and 4. Where the chapter uses the solver of opgd,
here the equation $u' = b^D (z - \theta)$ is integrated in steps, or time is a quadrature over the angle.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq
from scipy.stats import foldnorm, norm

from opgd import OverParameterizedFlow, PowerLaw, monte_carlo_risk
from opgd.paper import reported
from press.chapter.record import LIMIT, judge

LAST = {0: 100.0, 1: 300.0, 3: 700.0}  # time of the last frame of Figure 4 by depth
ENDS = {0: 200.0, 1: 1000.0, 3: 2000.0}


def layers(depth: int, lam: float, b0: float, u: float) -> tuple[float, float, float]:
    """a, b and beta of shared layers at the angle u."""
    beta = math.sqrt(lam) * math.sinh(u)
    return math.hypot(math.sqrt(lam), beta), math.hypot(b0, math.sqrt(depth) * beta), beta


def learned(depth: int, lam: float, b0: float, z: float, t: float) -> float:
    """a b^D at time t, by Runge-Kutta steps of order eight for the angle."""

    def velocity(_: float, u: np.ndarray) -> list[float]:
        a, b, beta = layers(depth, lam, b0, float(u[0]))
        return [b**depth * (z - a * b**depth * beta)]

    path = solve_ivp(velocity, (0, t), [0.0], method="DOP853", rtol=1e-11, atol=1e-13)
    a, b, _ = layers(depth, lam, b0, float(path.y[0, -1]))
    return a * b**depth


def half_time(depth: int, lam: float, b0: float, z: float) -> float:
    """When half of z is fitted: an integral over the angle."""

    def theta(u: float) -> float:
        a, b, beta = layers(depth, lam, b0, u)
        return a * b**depth * beta

    half = brentq(lambda u: theta(u) - z / 2, 0, 60)
    return float(quad(lambda u: 1 / (layers(depth, lam, b0, u)[1] ** depth * (z - theta(u))), 0, half)[0])


def at_rest(feedback: int, depth: int, lam: float, b0: float, z: float) -> float:
    """a b^D when z is fitted; `feedback` is D for shared and 1 for separate layers."""

    def product(beta: float) -> float:
        return math.hypot(math.sqrt(lam), beta) * math.hypot(b0, math.sqrt(feedback) * beta) ** depth

    return z / brentq(lambda beta: product(beta) * beta - z, 0, 10)


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_slope_of_the_learned_eigenvalue(depth: int, separate: bool) -> None:
    a, beta, z, b = sp.symbols("a beta z b", positive=True)
    bs = sp.symbols(f"b1:{depth + 1}", positive=True) if separate else (b,)
    product = sp.prod(bs) if separate else b**depth
    loss = (z - a * product * beta) ** 2 / 2
    slope = sum(sp.diff(a * product, x) * -sp.diff(loss, x) for x in (a, *bs)).subs({x: b for x in bs})
    factor = depth if separate else depth**2
    claim = b ** (2 * depth - 2) * (b**2 + factor * a**2) * beta * (z - a * b**depth * beta)
    assert sp.expand(slope - claim) == 0


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 2, 3, 6])
def test_learned_eigenvalue_rises_with_time_and_with_the_observation(depth: int, separate: bool) -> None:
    rng = np.random.default_rng(depth)
    lam, b0 = 10.0 ** rng.uniform(-8, 0, 60), 0.4
    z = np.linspace(0, 2, 50)[:, None]
    t = np.append(np.geomspace(0.01, 3e4, 60), np.inf)
    state = OverParameterizedFlow(depth, b0, separate).state(z, lam, t)
    assert (np.diff(state.learned_eigenvalue, axis=0) >= -1e-7 * state.learned_eigenvalue[1:]).all()
    assert (np.diff(state.learned_eigenvalue, axis=1) >= -1e-7 * state.learned_eigenvalue[:, 1:]).all()
    assert (state.learned_eigenvalue[-1] > 1.01 * state.learned_eigenvalue[0]).mean() > 0.9


@pytest.mark.parametrize(("lam", "z", "t"), [(0.01, 0.3, 20.0), (1e-4, 0.1, 50.0), (0.5, 0.2, 3.0)])
def test_closed_form_of_two_layers(lam: float, z: float, t: float) -> None:
    kappa = math.hypot(lam, 2 * z)
    tanh = math.tanh(kappa * t / 2)
    root = math.sqrt((kappa + lam * tanh) ** 2 - (2 * z * tanh) ** 2)
    a = math.sqrt(lam) * (kappa + lam * tanh) / root
    beta = math.sqrt(lam) * 2 * z * tanh / root
    assert a == pytest.approx(learned(0, lam, 1.0, z, t), rel=1e-8)
    assert a**2 - beta**2 == pytest.approx(lam, rel=1e-9)


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 2, 3, 5])
def test_a_fitted_component_has_learned_its_size(depth: int, separate: bool) -> None:
    factor = 1.0 if separate else float(max(depth, 1)) ** (depth / (2 * (depth + 2)))
    power = (depth + 1) / (depth + 2)
    rng = np.random.default_rng(1)
    lam = 10.0 ** rng.uniform(-9, 1, 4000)
    z, b0, t = 10.0 ** rng.uniform(-3, 0.5, lam.size), 0.3, np.geomspace(1e-2, 1e5, 8)
    state = OverParameterizedFlow(depth, b0, separate).state(z, lam, t)
    ratio = state.learned_eigenvalue / np.abs(state.theta) ** power
    assert ratio.min() >= factor * (1 - 1e-7)
    limit = OverParameterizedFlow(depth, 1e-4, separate).state(1.0, 1e-10, math.inf)
    assert limit.learned_eigenvalue == pytest.approx(factor, rel=1e-3)


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4])
def test_proposition_3_4_with_its_constants(depth: int) -> None:
    """Equations (17) and (18) with the chapter's constants, at noise of either sign up to M epsilon."""
    rng = np.random.default_rng(depth)
    epsilon, m_noise, late = 1e-3, 2.0, 1.5
    flow = OverParameterizedFlow.tuned(depth, epsilon)
    t = late / (epsilon * flow.b0**depth)
    lam = 10.0 ** rng.uniform(-25, 0, 20_000)

    x = 2 ** (depth / 2) * (1 + m_noise) * late
    few = lam[depth * lam * math.sinh(x) ** 2 <= flow.b0**2]
    z = epsilon * rng.uniform(-1 - m_noise, 1 + m_noise, few.size)
    grown = flow.state(z, few, t).learned_eigenvalue / (np.sqrt(few) * flow.b0**depth)
    assert few.size > 100
    assert grown.min() >= 1 - 1e-7 and 1.5 < grown.max() <= 2 ** (depth / 2) * math.cosh(x)

    signal = epsilon * 10.0 ** rng.uniform(math.log10(2 * m_noise), 2, lam.size)
    z = signal + epsilon * rng.uniform(-m_noise, m_noise, lam.size)
    state = flow.state(z, lam, t)
    fitted = state.theta >= z / 2
    power = (depth + 1) / (depth + 2)
    constant = 4**-power * max(depth, 1) ** (depth / (2 * (depth + 2)))
    assert 0.1 < fitted.mean() < 0.95
    assert (state.learned_eigenvalue >= constant * signal**power)[fitted].all()
    assert not (state.learned_eigenvalue >= constant * signal**power)[~fitted].all()


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_quantiles_of_the_learned_eigenvalue_are_those_of_the_observation(depth: int) -> None:
    epsilon, delta, theta, lam = 0.01, 0.05, 0.06, 1e-5
    flow = OverParameterizedFlow.tuned(depth, epsilon)
    z = theta + epsilon * np.random.default_rng(0).standard_normal(20_000)
    t = 1 / (epsilon * flow.b0**depth)
    sample = flow.state(z, lam, t).learned_eigenvalue
    for level in (delta, 1 - delta):
        quantile = learned(depth, lam, flow.b0, epsilon * foldnorm.ppf(level, theta / epsilon), t)
        assert (sample <= quantile).mean() == pytest.approx(level, abs=0.005)


@pytest.mark.parametrize(("depth", "printed"), [(0, 0.0578), (1, 0.0133), (2, 0.00636), (3, 0.00409)])
def test_constant_of_the_weakest_signal_below_the_threshold(depth: int, printed: float) -> None:
    """The table at C = 1: the weakest signal is the worst, and it follows the law of the growing stage."""
    epsilon = 1e-3
    k = math.floor(1 / (epsilon * math.log(1 / epsilon)))
    b0 = epsilon ** (1 / (depth + 2))
    z, lam, t = 1 / k + norm.ppf(0.05) * epsilon, float(k) ** -4, 1 / (epsilon * b0**depth)
    c = learned(depth, lam, b0, z, t) * k ** ((depth + 1) / (depth + 2))
    assert c == pytest.approx(printed, rel=5e-3)
    law = math.sqrt(lam) * b0**depth * math.exp(z / epsilon) / 2 * k ** ((depth + 1) / (depth + 2))
    assert c == pytest.approx(law, rel=0.1)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_signals_above_the_threshold_are_learned_those_below_are_not(depth: int) -> None:
    """C_* = q gamma / (p + 1) - 1 / (D + 2) at p = 1, q = gamma = 2, without noise; epsilon = 1e-30."""
    epsilon = 1e-30
    critical = 2 - 1 / (depth + 2)
    flow = OverParameterizedFlow.tuned(depth, epsilon)
    size = np.array([0.9, 1.1]) * critical * epsilon * math.log(1 / epsilon)
    state = flow.state(size, size**4, 1 / (epsilon * flow.b0**depth))
    ratio = state.learned_eigenvalue / size ** ((depth + 1) / (depth + 2))
    limit = max(depth, 1) ** (depth / (2 * (depth + 2)))
    assert ratio[0] < 0.1
    assert 0.99 * limit < ratio[1] < 1.05 * limit


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_growth_of_noise_is_bounded_at_every_eigenvalue_and_noise_level(depth: int, separate: bool) -> None:
    scaled = np.geomspace(1e-9, 1e6, 2000)
    level = norm.isf(0.025)
    curves = []
    for epsilon in (1.0, 1e-3, 1e-9):
        flow = OverParameterizedFlow.tuned(depth, epsilon, separate_layers=separate)
        lam = scaled * epsilon ** (2 / (depth + 2))
        state = flow.state(level * epsilon, lam, 1 / (epsilon * flow.b0**depth))
        curves.append(state.learned_eigenvalue / (np.sqrt(lam) * flow.b0**depth))
    assert np.ptp(np.log(curves), axis=0).max() < 1e-6  # epsilon has dropped out
    assert curves[0][0] == pytest.approx(math.cosh(level), rel=1e-3)
    assert curves[0][-1] == pytest.approx(1, abs=1e-2)
    if depth == 0:
        assert (np.diff(curves[0]) <= 1e-9).all()
    elif not separate:  # the largest is the constant of the table, by steps instead of the solver
        lam = float(scaled[curves[0].argmax()])
        peak = learned(depth, lam, 1.0, level, 1.0) / math.sqrt(lam)
        assert curves[0].max() == pytest.approx(peak, rel=1e-6)
        assert peak == pytest.approx({1: 4.21, 2: 8.91, 3: 17.88}[depth], abs=0.01)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_times_of_the_signals_in_the_window(depth: int) -> None:
    """At n = 3000 the weakest of the five signals is half fitted before the last frame."""
    b0 = 3000 ** (-0.5 / (depth + 2))
    strong, weak = half_time(depth, 1e-4, b0, 0.1), half_time(depth, 14.0**-4, b0, 1 / 14)
    assert (round(strong), round(weak)) == {0: (41, 65), 1: (158, 253), 3: (400, 662)}[depth]
    assert 0.75 < strong / (LAST[depth] / 2) < 1.2 and weak < LAST[depth]


@pytest.mark.parametrize(("depth", "n", "low", "high"), [
    (0, 1500, 3.0, 9.0), (0, 3000, 1.05, 1.25),
    (1, 3000, 1.0, 1.05), (1, 8000, 1.3, 2.2),
    (3, 3000, 1.0, 1.1), (3, 8000, 1.5, 2.5),
])  # fmt: skip
def test_last_frames_are_near_the_best_time_at_one_sample_size(
    depth: int, n: int, low: float, high: float
) -> None:
    """By simulation: the mean risk of paired trials at the last frame over its smallest value."""
    problem = PowerLaw(p=1, q=2, gamma=2, n=n, size=5000)
    flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
    t = LAST[depth] * np.geomspace(0.4, 3.2, 22)
    t = np.insert(t, np.searchsorted(t, LAST[depth]), LAST[depth])
    risk = monte_carlo_risk(flow, problem, t, repetitions=12, seed=1).mean(axis=0)
    assert low <= risk[t == LAST[depth]][0] / risk.min() <= high
    if n == 3000:
        assert t[risk.argmin()] < ENDS[depth]


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_last_frames_match_the_best_times_at_one_sample_size(depth: int) -> None:
    """The ledger's rows by simulation; the spread is half the width of the flat part, 5 % up."""
    frame = reported.lookup("Figure 4", f"D={depth} last frame")
    z = {}
    for n in (300, 3000, 100_000):
        problem = PowerLaw(p=1, q=2, gamma=2, n=n, size=5000)
        flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
        t = np.linspace(0.6, 3, 49) / (problem.epsilon * flow.b0**depth)
        risk = monte_carlo_risk(flow, problem, t, repetitions=24, seed=2).mean(axis=0)
        flat = float(np.ptp(t[risk <= 1.05 * risk.min()])) / 2
        assert 0 < risk.argmin() < t.size - 1
        (z[n],), _, _ = judge([float(t[risk.argmin()])], [frame.value], [[flat**2]], [frame.unit])
    assert abs(z[3000]) <= LIMIT
    assert z[300] < -LIMIT and z[100_000] > LIMIT  # not every sample size matches
    if depth == 1:
        assert reported.lookup("Figure 2", "D=1 last frame") == frame


def test_shared_and_separate_layers_stand_at_different_heights_above_the_bars() -> None:
    b0 = 3000**-0.1
    for feedback, height in ((3, 0.19), (1, 0.07)):
        above = [math.log10(at_rest(feedback, 3, k**-4.0, b0, 1 / k) * k**0.8) for k in range(10, 15)]
        assert np.mean(above) == pytest.approx(height, abs=0.006)
        flow = OverParameterizedFlow(3, b0, separate_layers=feedback == 1)
        settled = flow.state(0.1, 1e-4, math.inf).learned_eigenvalue
        assert settled == pytest.approx(at_rest(feedback, 3, 1e-4, b0, 0.1), rel=1e-6)
    assert math.log10(3**0.3) == pytest.approx(0.143, abs=1e-3)
