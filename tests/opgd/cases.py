"""Shared by the tests of opgd: references that are independent of the code under test."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy.stats import norm

from opgd import OverParameterizedFlow, PowerLaw, VanillaFlow
from opgd.moments import squared_error_moments

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


def assert_close(got: float, reference: mp.mpf, relative: float = 1e-12) -> None:
    """Assert a small relative error where the reference is a normal double, tininess where it is smaller."""
    if abs(reference) >= SMALLEST_NORMAL:
        assert abs(mp.mpf(float(got)) - reference) <= relative * abs(reference), (
            f"{got!r} for {mp.nstr(reference, 17)}"
        )
    else:
        assert abs(float(got)) <= 1.001 * SMALLEST_NORMAL, f"{got!r} for {mp.nstr(reference, 17)}"


def dense_moments(m: float, lam: float, epsilon: float, t: float) -> tuple[float, float]:
    """Return mean and variance of the squared error of the two-layer flow by brute force.

    A Gauss-Legendre rule on equal panels, all of them narrower than the jump of theta, wherever that is.
    """
    x, w = np.polynomial.legendre.leggauss(12)
    panels = math.ceil(24 * max(8.0, 2 * epsilon * t))
    centre, half = np.linspace(-12, 12, 2 * panels + 1)[1::2], 12 / panels
    xi = (centre[:, None] + half * x).ravel()
    weight = np.tile(half * w, panels) * norm.pdf(xi)
    error2 = (TWO_LAYER.estimate(m + epsilon * xi, lam, t) - m) ** 2
    mean = float(error2 @ weight)
    return mean, float((error2 - mean) ** 2 @ weight)


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
    """Assert that `call` raises a ValueError whose message holds all `words`."""
    with pytest.raises(ValueError) as caught:
        call()
    for word in words:
        assert word in str(caught.value), f"{word!r} is not in {caught.value}"
