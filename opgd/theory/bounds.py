r"""The quantities in which the paper states its theorems: equations (9) to (16).

What is significant in a signal and what that makes of the risk, for a whole problem.
Constants that the paper leaves open are left out: an order $A \lesssim B$ is here the value of $B$.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import zeta

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow.interface import Flow, check_flow
from opgd.problem import PowerLaw, SequenceModel, check_power_law, check_problem

__all__ = [
    "RiskBound",
    "RiskSplit",
    "ideal_risk",
    "phi",
    "psi",
    "risk_bound",
    "risk_split",
]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
FAR = 9.5  # standard deviations beyond which the Gaussian weight is dropped
PARTS = 6  # panels of an event and of either side of it


def phi(problem: PowerLaw | SequenceModel, delta: ArrayLike) -> Array:
    r"""Count the significant components, $\Phi(\delta) = |\{j : |\theta^*_j| \ge \delta\}|$, equation (9).

    Parameters
    ----------
    problem : PowerLaw or SequenceModel
        The problem, finite or untruncated.
    delta : array_like
        Thresholds > 0.

    Returns
    -------
    ndarray, shape of `delta`
        Whole numbers, as floats.

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> from opgd.theory.bounds import phi
    >>> phi(PowerLaw(p=1, q=2, gamma=1.5, n=100), [2.0, 1.0, 0.1]).tolist()
    [0.0, 1.0, 10.0]
    """
    check_problem(problem)
    delta = _positive("delta", delta)
    if isinstance(problem, SequenceModel):
        return _count(np.sort(np.abs(problem.signal))[::-1], delta)
    with np.errstate(over="ignore"):  # beyond the range of a double: inf
        count = np.floor(delta ** (-2 / (problem.p + 1))) + 1
        for _ in range(2):  # what rounding did to the power
            count = np.where(np.maximum(count, 1) ** (-(problem.p + 1) / 2) < delta, count - 1, count)
    return np.asarray(np.clip(count, 0, problem.signals))


def psi(problem: PowerLaw | SequenceModel, delta: ArrayLike) -> Array:
    r"""Sum what is not significant, $\Psi(\delta)$, equation (9).

    .. math::

        \Psi(\delta) = \sum_{j : |\theta^*_j| < \delta} (\theta^*_j)^2.

    Parameters
    ----------
    problem : PowerLaw or SequenceModel
        The problem, finite or untruncated.
    delta : array_like
        Thresholds > 0.

    Returns
    -------
    ndarray, shape of `delta`
        Good to 1e-14 of the value for the untruncated sequence.

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> from opgd.theory.bounds import psi
    >>> psi(PowerLaw(p=1, q=2, gamma=1.5, n=100, size=9), [0.4, 0.5, 2.0]).round(4).tolist()
    [0.1111, 0.1111, 1.3611]
    """
    check_problem(problem)
    delta = _positive("delta", delta)
    if isinstance(problem, SequenceModel):
        magnitudes = np.sort(np.abs(problem.signal))
        sums = np.concatenate([[0.0], np.cumsum(magnitudes**2)])
        return np.asarray(sums[np.searchsorted(magnitudes, delta, side="left")])
    beyond = zeta(problem.p + 1, phi(problem, delta) + 1)  # sum of k^-(p + 1) over k > Phi
    return np.asarray(beyond - zeta(problem.p + 1, problem.signals + 1))


def ideal_risk(problem: PowerLaw | SequenceModel) -> float:
    r"""Return the ideal risk, with which Proposition E.1, equation (55), compares.

    .. math::

        \sum_j \min((\theta^*_j)^2, \varepsilon^2) = \varepsilon^2 \Phi(\varepsilon) + \Psi(\varepsilon).

    No estimator that keeps or drops each observation does better, even if it knows the signal.

    Parameters
    ----------
    problem : PowerLaw or SequenceModel
        The problem, finite or untruncated.

    Returns
    -------
    float

    Examples
    --------
    >>> from opgd import SequenceModel
    >>> from opgd.theory.bounds import ideal_risk
    >>> ideal_risk(SequenceModel(signal=[2.0, 0.25], eigenvalues=[1.0, 1.0], epsilon=0.5))
    0.3125
    """
    check_problem(problem)
    epsilon = problem.epsilon
    return float(epsilon**2 * phi(problem, epsilon) + psi(problem, epsilon))


@dataclass(frozen=True)
class RiskBound:
    r"""The three terms of (15), which at depth 0 is (12).

    Attributes
    ----------
    significant : float
        $\varepsilon^2 \Phi(\varepsilon)$: the noise in the significant components.
    extra : float
        $\varepsilon^2 \varepsilon^{-2 / ((D + 2) \gamma)}$: the noise in components with large eigenvalues.
    missed : float
        $\Psi(\varepsilon \ln(1/\varepsilon))$: signals that are not learned.
    """

    significant: float
    extra: float
    missed: float

    @property
    def total(self) -> float:
        """Sum of the terms."""
        return self.significant + self.extra + self.missed


def risk_bound(problem: PowerLaw, depth: int) -> RiskBound:
    r"""Return the order of the risk at the universal time, equations (12) and (15) of Theorems 3.1 and 3.2.

    .. math::

        \mathbb{E} R \lesssim \varepsilon^2 [\Phi(\varepsilon) + \varepsilon^{-2 / ((D + 2) \gamma)}]
        + \Psi(\varepsilon \ln(1/\varepsilon)).

    Parameters
    ----------
    problem : PowerLaw
        The problem, with n > 1; the theorems assume $\gamma > 1$.
    depth : int
        $D \ge 0$.

    Returns
    -------
    RiskBound

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> from opgd.theory.bounds import risk_bound
    >>> bound = risk_bound(PowerLaw(p=1, q=2, gamma=1.5, n=10_000), depth=0)
    >>> round(bound.significant, 6), round(bound.extra, 6), round(bound.missed, 6)
    (0.01, 0.002154, 0.046503)
    """
    depth = check.whole("depth", depth, least=0)
    epsilon, log = _noise(problem)
    return RiskBound(
        significant=float(epsilon**2 * phi(problem, epsilon)),
        extra=epsilon ** (2 - 2 / ((depth + 2) * problem.gamma)),
        missed=float(psi(problem, epsilon * log)),
    )


@dataclass(frozen=True)
class RiskSplit:
    r"""The three terms of Appendix E, whose sum bounds the expected risk; one value for each component.

    Attributes
    ----------
    events : ndarray, shape (N,)
        (46): $2 \mathbb{E} [\xi^2 1_S + \theta^{*2} 1_{S^c}]$, what cannot be avoided.
    fitted_noise : ndarray, shape (N,)
        (47): $2 \mathbb{E} \theta(t)^2 1_{S^c}$.
    unfitted : ndarray, shape (N,)
        (48): $2 \mathbb{E} (\theta(t) - z)^2 1_S$.
    """

    events: Array
    fitted_noise: Array
    unfitted: Array

    @property
    def total(self) -> float:
        """Sum of all terms over all components."""
        return float(self.events.sum() + self.fitted_noise.sum() + self.unfitted.sum())


def risk_split(flow: Flow, problem: SequenceModel, t: float) -> RiskSplit:
    r"""Compute the split (46)-(48) of the risk by the events $S_j = \{|\xi_j| < |\theta^*_j| / 2\}$, (45).

    The expectations over the normal noise are integrals over the event and over either side of it, by
    Gauss-Legendre rules in panels: good to about 1e-6 at times up to a few universal ones.

    Parameters
    ----------
    flow : Flow
        The flow.
    problem : SequenceModel
        The problem.
    t : float
        Flow time in (0, inf).

    Returns
    -------
    RiskSplit

    Examples
    --------
    >>> from opgd import OverParameterizedFlow, PowerLaw, expected_risk
    >>> from opgd.theory.bounds import risk_split
    >>> flow, problem = OverParameterizedFlow(depth=0), PowerLaw(1, 2, 1.5, 1000, 500).truncated()
    >>> split = risk_split(flow, problem, 30.0)
    >>> bool(expected_risk(flow, problem, 30.0).mean <= split.total)
    True
    """
    check_flow(flow)
    if not isinstance(problem, SequenceModel):
        raise ValueError(f"problem = {problem!r} is not allowed: it must be a SequenceModel")
    t = check.real("t", t, above=0)
    signal, epsilon = np.abs(problem.signal), problem.epsilon
    edge = np.minimum(signal / (2 * epsilon), FAR)  # of the event, in standard deviations
    terms = np.zeros((3, signal.size))
    for low, high, within in ((-edge, edge, True), (edge, FAR, False), (-FAR, -edge, False)):
        first = np.broadcast_to(low, signal.shape)[:, None]
        length = np.broadcast_to(high - low, signal.shape)[:, None] / PARTS
        for part in range(PARTS):
            u = first + length * (part + (NODES + 1) / 2)
            density = WEIGHTS * np.exp(-u * u / 2) / math.sqrt(8 * math.pi) * length
            z = signal[:, None] + epsilon * u
            theta = flow.estimate(z, problem.eigenvalues[:, None], t)
            if within:
                terms[0] += 2 * epsilon**2 * (density * u * u).sum(axis=1)
                terms[2] += 2 * (density * (theta - z) ** 2).sum(axis=1)
            else:
                terms[0] += 2 * signal**2 * density.sum(axis=1)
                terms[1] += 2 * (density * theta**2).sum(axis=1)
    return RiskSplit(*terms)


def _count(decreasing: Array, delta: Array) -> Array:
    """Return how many entries are at least delta."""
    return np.searchsorted(-decreasing, -delta, side="right").astype(np.float64)


def _positive(name: str, value: ArrayLike) -> Array:
    result = check.array(name, value, least=0)
    if (result == 0).any():
        raise ValueError(f"{name} holds 0.0 and must hold finite real numbers > 0")
    return result


def _noise(problem: PowerLaw) -> tuple[float, float]:
    """Return epsilon and ln(1 / epsilon)."""
    check_power_law(problem)
    if problem.n <= 1:
        raise ValueError(
            f"problem with n = {problem.n:g} is not allowed: n must be > 1, so that ln(1/epsilon) > 0"
        )
    return problem.epsilon, math.log(problem.n) / 2
