"""Shared by the tests of opgd: references that are independent of the code under test."""

from __future__ import annotations

import bisect
import functools
import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import strategies as st
from mpmath.calculus.quadrature import GaussLegendre
from scipy.integrate import cubature
from scipy.stats import norm

from opgd import OverParameterizedFlow, PowerLaw, SequenceModel, VanillaFlow
from opgd.risk._moments import squared_error_moments

VANILLA = VanillaFlow()
TWO_LAYER = OverParameterizedFlow(depth=0)
SMALLEST_NORMAL = np.finfo(float).tiny


def two_layer(z: float, lam: float, t: float, dps: int = 60) -> tuple[mp.mpf, mp.mpf, mp.mpf]:
    """Return theta, a, beta from the plain formula, with as many more digits as its cancellation eats."""
    if z == 0 or lam == 0 or t == 0:
        return mp.mpf(0), mp.sqrt(lam), mp.mpf(0)
    lost = 4 * max(0.0, math.log10(abs(z)) - math.log10(lam))
    with mp.workdps(int(dps + 20 + lost)):
        z, lam = mp.mpf(z), mp.mpf(lam)
        kappa = mp.sqrt(lam**2 + 4 * z**2)
        tanh = mp.mpf(1) if t == math.inf or kappa * mp.mpf(t) > 1e6 else mp.tanh(kappa * mp.mpf(t) / 2)
        x = kappa + lam * tanh
        g2 = x**2 - 4 * z**2 * tanh**2
        return (
            2 * lam * z * tanh * x / g2,
            mp.sqrt(lam) * x / mp.sqrt(g2),
            2 * mp.sqrt(lam) * z * tanh / mp.sqrt(g2),
        )


class DeepPath:
    """The deep flow of one component, z > 0 and lambda > 0, as the time t(w) at which beta = s sinh w.

    Only a^2 = lambda + beta^2, b^2 = b0^2 + m beta^2 and dt = dbeta / (a b^D (z - theta)) are used, where m
    is the depth for one shared b and 1 for separate layers. As s is the smaller of lambda^(1/2) and
    b0 / m^(1/2), the branch points of the integrand are at least pi/2 off the real axis. Its pole at
    theta = z is split off as tail / (end - w) and integrated by hand; the rest goes to Gauss-Legendre panels.
    """

    def __init__(self, z: float, lam: float, depth: int, b0: float, m: int, dps: int) -> None:
        self.z, self.lam, self.depth, self.b0, self.m = mp.mpf(z), mp.mpf(lam), depth, mp.mpf(b0), m
        self.b0_squared, self.dps = self.b0**2, dps
        self.nodes = _legendre(5 + sum(dps > most for most in (50, 100, 200)), mp.mp.prec)
        scales = sorted([mp.sqrt(self.lam)] + ([self.b0 / mp.sqrt(m)] if m else []))
        self.s = scales[0]
        log_beta = mp.log(self.z) - mp.log(self.lam) / 2 - depth * mp.log(self.b0)
        step = mp.mpf(1)
        while abs(step) > mp.mpf(10) ** (5 - dps):  # Newton from the right: log theta is convex in log beta
            a2, b2, growth = self._squares(mp.exp(log_beta))
            step = (log_beta + (mp.log(a2) + depth * mp.log(b2)) / 2 - mp.log(self.z)) / growth
            log_beta -= step
        self.limit = mp.exp(log_beta)
        a2, b2, growth = self._squares(self.limit)
        self.end, self.tail = mp.asinh(self.limit / self.s), 1 / (a2 * b2**depth * growth)
        # Panels: short next to the scales (w = 0, the other scale, the end), longer far from them.
        other, shortest, w = mp.asinh(scales[-1] / self.s), min(1, mp.mpf(6) / (depth + 2)), mp.mpf(0)
        self.edges, self.times = [], [mp.mpf(0)]
        while w < self.end:
            self.edges.append(w)
            far = min(
                2 + 2 * w, 2 * (1 + w - other) if w >= other else (other - w) / 1.4, (self.end - w) / 1.4
            )
            w += max(shortest, min(far, mp.mpf(80) / (depth + 2)))
        self.edges.append(self.end)

    def _squares(self, beta: mp.mpf) -> tuple[mp.mpf, mp.mpf, mp.mpf]:
        """Return a^2, b^2 and d log theta / d log beta."""
        a2, b2 = self.lam + beta**2, self.b0_squared + self.m * beta**2
        return a2, b2, 1 + beta**2 / a2 + self.depth * self.m * beta**2 / b2

    def _slope(self, w: mp.mpf) -> mp.mpf:
        """Return dt / dw."""
        sinh = mp.sinh(w)
        beta, slope = self.s * sinh, self.s * mp.sqrt(1 + sinh * sinh)
        beta2 = beta * beta
        learned = mp.sqrt((self.lam + beta2) * (self.b0_squared + self.m * beta2) ** self.depth)
        return slope / (learned * (self.z - learned * beta))

    def _y(self, w: mp.mpf) -> mp.mpf:
        """Return -log(1 - w / end)."""
        return -mp.log1p(-w / self.end) if w < self.end else mp.inf

    def _time(self, start: mp.mpf, w: mp.mpf, y: mp.mpf) -> mp.mpf:
        """Return t(w) - t(start), both on one panel, y = _y(w)."""
        half = (w - start) / 2
        smooth = mp.mpf(0)
        for node, weight in self.nodes:
            x = start + half * (1 + node)
            smooth += weight * (self._slope(x) - self.tail / (self.end - x))
        return half * smooth + self.tail * (y - self._y(start))

    def time(self, w: mp.mpf) -> mp.mpf:
        """Return t(w), w < end."""
        panel = bisect.bisect_right(self.edges, w) - 1
        while len(self.times) <= panel:
            self._extend()
        return self.times[panel] + self._time(self.edges[panel], w, self._y(w))

    def _extend(self) -> None:
        start, w = self.edges[len(self.times) - 1 : len(self.times) + 1]
        self.times.append(self.times[-1] + self._time(start, w, self._y(w)))

    def beta(self, t: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
        """Return beta(t) and the condition number t theta' / theta."""
        while self.times[-1] <= t and len(self.times) + 1 < len(self.edges):
            self._extend()
        panel = bisect.bisect_right(self.times, t) - 1
        low, high = map(self._y, self.edges[panel : panel + 2])
        y = low
        while True:  # Newton in y, inside the panel
            w, left = -self.end * mp.expm1(-y), self.end * mp.exp(-y)
            slope = self.tail  # dt / dy
            if left > mp.mpf(10) ** -10 * min(1, self.end):
                slope = left * self._slope(w)
            step = (t - self.times[panel] - self._time(self.edges[panel], w, y)) / slope
            if abs(step) <= mp.mpf(10) ** (3 - self.dps) * max(y, t / slope):
                break
            low, high = (y, high) if step > 0 else (low, y)
            y += step
            if y > 5 * self.dps:  # exp(-y) is nothing
                return self.limit, mp.mpf(0)
            if not low <= y <= high:
                y = (low + high) / 2 if high < mp.inf else 2 * low + 1
        beta = self.s * mp.sinh(w)
        return beta, t * self._squares(beta)[2] / mp.tanh(w) * left / slope


_legendre = functools.lru_cache(lambda degree, prec: tuple(GaussLegendre(mp.mp).calc_nodes(degree, prec)))
_deep_path = functools.lru_cache(DeepPath)


def deep_condition(
    z: float, lam: float, t: float | mp.mpf, depth: int, b0: float, separate: bool = False, dps: int = 20
) -> tuple[mp.mpf, mp.mpf, mp.mpf, mp.mpf, mp.mpf]:
    """Return theta, a, b, beta of the deep flow, good to `dps` digits, and t theta' / theta at t."""
    m = 1 if separate and depth else depth
    digits = dps + 15
    if z == 0 or lam == 0 or t == 0:
        with mp.workdps(digits):
            return mp.mpf(0), mp.sqrt(lam), mp.mpf(b0), mp.mpf(0), mp.mpf(0)
    while True:
        with mp.workdps(digits):
            path = _deep_path(abs(z), lam, depth, b0, m, digits)
            beta, condition = (path.limit, mp.mpf(0)) if t == math.inf else path.beta(mp.mpf(t))
            a, b = mp.sqrt(path.lam + beta**2), mp.sqrt(path.b0_squared + m * beta**2)
            sign = mp.sign(z)
            if condition < mp.mpf(10) ** (digits - dps - 8):
                return sign * a * b**depth * beta, a, b, sign * beta, condition
            digits = dps + 15 * math.ceil(1 + mp.log10(condition) / 15)


def deep(
    z: float, lam: float, t: float | mp.mpf, depth: int, b0: float, separate: bool = False, dps: int = 20
) -> tuple[mp.mpf, mp.mpf, mp.mpf, mp.mpf]:
    """Return theta, a, b, beta of the deep flow, good to `dps` digits; any doubles, t = inf included."""
    return deep_condition(z, lam, t, depth, b0, separate, dps)[:4]


def assert_close(got: float, reference: mp.mpf, relative: float = 1e-12) -> None:
    """Assert a small relative error where the reference is a normal double, tininess where it is smaller."""
    if abs(reference) >= SMALLEST_NORMAL:
        assert abs(mp.mpf(float(got)) - reference) <= relative * abs(reference), (
            f"{got!r} for {mp.nstr(reference, 17)}"
        )
    else:
        assert abs(float(got)) <= 1.001 * SMALLEST_NORMAL, f"{got!r} for {mp.nstr(reference, 17)}"


def dense_moments(
    m: float, lam: float, epsilon: float, t: float, flow: OverParameterizedFlow = TWO_LAYER
) -> tuple[float, float]:
    """Return mean and variance of the squared error by brute force.

    A Gauss-Legendre rule on equal panels, all of them narrower than the jump of theta, wherever that is.
    """
    x, w = np.polynomial.legendre.leggauss(12)
    panels = math.ceil(24 * max(8.0, 2 * epsilon * t)) if flow.depth == 0 else 6000
    centre, half = np.linspace(-12, 12, 2 * panels + 1)[1::2], 12 / panels
    xi = (centre[:, None] + half * x).ravel()
    weight = np.tile(half * w, panels) * norm.pdf(xi)
    error2 = (flow.estimate(m + epsilon * xi, lam, t) - m) ** 2
    mean = float(error2 @ weight)
    return mean, float((error2 - mean) ** 2 @ weight)


def adaptive_risk(flow: Any, model: SequenceModel, t: float) -> float:
    """Return the expected risk by adaptive Gauss-Kronrod quadrature, which knows of no threshold.

    All components share one standard normal variable. The whole line is cut into pieces first, lest a
    narrow feature be missed.
    """
    m, edges = model.signal, np.linspace(-10, 10, 81)

    def density(x: np.ndarray) -> np.ndarray:
        error = flow.estimate(m + model.epsilon * x, model.eigenvalues, t) - m
        return (error**2).sum(axis=1) * norm.pdf(x[:, 0])

    pieces = [
        cubature(density, [a], [b], rtol=1e-9, atol=1e-13 * model.epsilon**2, max_subdivisions=5000)
        for a, b in itertools.pairwise(edges)
    ]
    return float(sum(piece.estimate for piece in pieces))


def each_component(flow: Any, problem: PowerLaw, t: float) -> tuple[float, float]:
    """Return mean and variance of the risk by a sum over all components, each by `squared_error_moments`."""
    assert problem.size <= 200_000
    model = problem.truncated()
    log_lam = -problem.gamma * np.log(np.arange(1.0, model.size + 1))
    mean, variance = squared_error_moments(
        flow, model.signal, log_lam, problem.epsilon, t, np.zeros(model.size)
    )
    return float(mean.sum()), float(variance.sum())


def vanilla_risk(problem: PowerLaw, t: float) -> float:
    """Return the expected risk of the vanilla flow, equation (6), summed term by term."""
    total, block = 0.0, 2**20
    for start in range(0, int(problem.size), block):
        j = np.arange(start + 1.0, min(start + block, problem.size) + 1)
        total += float(np.sum(np.expm1(-(j**-problem.gamma) * t) ** 2)) * problem.epsilon**2
    k = np.arange(1.0, (problem.size + 1.0) ** (1 / problem.q) + 2)
    place = np.floor(k**problem.q)
    k, place = k[place <= problem.size], place[place <= problem.size]
    return total + float(np.sum(np.exp(-2 * place**-problem.gamma * t) * k ** -(problem.p + 1)))


def raises(call: Callable[[], object], *words: str) -> None:
    """Assert that `call` raises a ValueError whose message holds all `words`, not within other words."""
    with pytest.raises(ValueError) as caught:
        call()
    for word in words:
        whole = r"(?<!\w)" * word[0].isalnum() + re.escape(word) + r"(?!\w)" * word[-1].isalnum()
        assert re.search(whole, str(caught.value)), f"{word!r} is not in {caught.value}"


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    """Positive doubles, uniform in the logarithm from 10^low to 10^high."""
    ends = st.sampled_from([float(f"{10 ** (low % 1):.17g}e{math.floor(low)}"), 10.0**high])
    return st.floats(low, high).map(lambda x: max(10.0**x, 5e-324)) | ends


SIGNS = st.sampled_from([1.0, -1.0])


@st.composite
def components(draw: st.DrawFn, largest_z: float = 150, largest_lam: float = 6) -> tuple[float, float, float]:
    """Triples z, lambda, t: anywhere, or at the bend where theta leaves zero."""
    z = draw(st.just(0.0) | powers(-323.3, largest_z)) * draw(SIGNS)
    lam = draw(st.just(0.0) | powers(-323.3, largest_lam))
    if draw(st.booleans()) and z and lam:
        bend = (1 + math.log1p(abs(z) / lam if lam > abs(z) * 1e-300 else 1e300)) / max(abs(z), lam)
        with np.errstate(over="ignore"):
            t = min(float(np.float64(bend) * draw(st.floats(0.1, 4) | powers(-25, 0))), 1e308)
    else:
        t = draw(st.sampled_from([0.0, math.inf]) | powers(-323.3, 308))
    return z, lam, t
