r"""The quantities in which the paper states its theorems, and the bounds of its lemmas.

What is significant in a signal and what that makes of the risk, for a whole problem: equations (9) to (16).
When a single component leaves its initial state and when it is learned: equations (28) and (35) to (42).
Constants that the paper leaves open are left out: an order $A \lesssim B$ is here the value of $B$.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import wrightomega, zeta

from opgd import _validate as check
from opgd._validate import Array
from opgd.flows import OverParameterizedFlow
from opgd.problem import PowerLaw, SequenceModel

__all__ = [
    "HittingTimes",
    "NoiseTimes",
    "RiskBound",
    "RiskSplit",
    "comparison_solution",
    "early_noise_bounds",
    "hitting_times",
    "ideal_risk",
    "last_significant",
    "late_noise_bounds",
    "noise_times",
    "optimal_rate",
    "phi",
    "psi",
    "rate_bound",
    "remaining_error_bound",
    "risk_bound",
    "risk_split",
    "signal_time_bound",
    "stopping_exponent",
    "vanilla_rate",
    "vanilla_stopping_exponent",
]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
PANEL = 0.5  # length of a panel in the variable of the quadrature for hitting times
FAR = 9.5  # standard deviations beyond which the Gaussian weight is dropped
PARTS = 6  # panels of an event and of either side of it
NEWTON_STEPS = 100  # far more than are needed


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
    >>> from opgd.theory import phi
    >>> phi(PowerLaw(p=1, q=2, gamma=1.5, n=100), [2.0, 1.0, 0.1]).tolist()
    [0.0, 1.0, 10.0]
    """
    _check(problem)
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
    >>> from opgd.theory import psi
    >>> psi(PowerLaw(p=1, q=2, gamma=1.5, n=100, size=9), [0.4, 0.5, 2.0]).round(4).tolist()
    [0.1111, 0.1111, 1.3611]
    """
    _check(problem)
    delta = _positive("delta", delta)
    if isinstance(problem, SequenceModel):
        magnitudes = np.sort(np.abs(problem.signal))
        sums = np.concatenate([[0.0], np.cumsum(magnitudes**2)])
        return np.asarray(sums[np.searchsorted(magnitudes, delta, side="left")])
    beyond = zeta(problem.p + 1, phi(problem, delta) + 1)  # sum of k^-(p + 1) over k > Phi
    return np.asarray(
        beyond - (0.0 if problem.size == math.inf else zeta(problem.p + 1, problem.signals + 1))
    )


def last_significant(problem: PowerLaw | SequenceModel, delta: ArrayLike) -> Array:
    r"""Find how far the significant components reach, $\max\{j : |\theta^*_j| \ge \delta\}$, equation (11).

    Assumption 1 says that this is at most $C \delta^{-\kappa}$; in Example 2.3 $\kappa = 2 q / (p + 1)$.

    Parameters
    ----------
    problem : PowerLaw or SequenceModel
        The problem, finite or untruncated.
    delta : array_like
        Thresholds > 0.

    Returns
    -------
    ndarray, shape of `delta`
        Indices from 1 on, as floats; 0 where nothing is significant.

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> from opgd.theory import last_significant
    >>> last_significant(PowerLaw(p=1, q=2, gamma=1.5, n=100), [2.0, 1.0, 0.1]).tolist()
    [0.0, 1.0, 100.0]
    """
    _check(problem)
    delta = _positive("delta", delta)
    if isinstance(problem, SequenceModel):
        return _count(np.maximum.accumulate(np.abs(problem.signal)[::-1])[::-1], delta)
    with np.errstate(over="ignore"):
        return np.asarray(problem.positions(phi(problem, delta)))


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
    >>> from opgd.theory import ideal_risk
    >>> ideal_risk(SequenceModel(signal=[2.0, 0.25], eigenvalues=[1.0, 1.0], epsilon=0.5))
    0.3125
    """
    _check(problem)
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
    >>> from opgd.theory import risk_bound
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


def risk_split(flow: OverParameterizedFlow, problem: SequenceModel, t: float) -> RiskSplit:
    r"""Compute the split (46)-(48) of the risk by the events $S_j = \{|\xi_j| < |\theta^*_j| / 2\}$, (45).

    The expectations over the normal noise are integrals over the event and over either side of it, by
    Gauss-Legendre rules in panels: good to about 1e-6 at times up to a few universal ones.

    Parameters
    ----------
    flow : OverParameterizedFlow
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
    >>> from opgd.theory import risk_split
    >>> flow, problem = OverParameterizedFlow(depth=0), PowerLaw(1, 2, 1.5, 1000, 500).truncated()
    >>> split = risk_split(flow, problem, 30.0)
    >>> bool(expected_risk(flow, problem, 30.0).mean <= split.total)
    True
    """
    if not isinstance(flow, OverParameterizedFlow) or not isinstance(problem, SequenceModel):
        raise ValueError(
            f"flow = {flow!r} and problem = {problem!r} are not allowed: an OverParameterizedFlow and a "
            "SequenceModel are needed"
        )
    t = check.real("t", t, above=0)
    signal, epsilon = np.abs(problem.signal), problem.epsilon
    edge = np.minimum(signal / (2 * epsilon), FAR)  # of the event, in standard deviations
    terms = np.zeros((3, signal.size))
    for low, high, within in ((-edge, edge, True), (edge, FAR, False), (-FAR, -edge, False)):
        some = np.flatnonzero(np.asarray(high - low) > 0)  # without a signal the event is empty
        first = np.broadcast_to(low, signal.shape)[some, None]
        length = np.broadcast_to(high - low, signal.shape)[some, None] / PARTS
        for part in range(PARTS):
            u = first + length * (part + (NODES + 1) / 2)
            density = WEIGHTS * np.exp(-u * u / 2) / math.sqrt(8 * math.pi) * length
            z = signal[some, None] + epsilon * u
            theta = flow.estimate(z, problem.eigenvalues[some, None], t)
            if within:
                terms[0, some] += 2 * epsilon**2 * (density * u * u).sum(axis=1)
                terms[2, some] += 2 * (density * (theta - z) ** 2).sum(axis=1)
            else:
                terms[0, some] += 2 * signal[some] ** 2 * density.sum(axis=1)
                terms[1, some] += 2 * (density * theta**2).sum(axis=1)
    return RiskSplit(*terms)


def rate_bound(problem: PowerLaw) -> float:
    r"""Return $\varepsilon^{2p/(p+1)} (\ln(1/\varepsilon))^{2p/(p+1)}$, equation (16) of Corollary 3.3.

    Parameters
    ----------
    problem : PowerLaw
        The problem, with n > 1; the corollary assumes $\gamma > 1$ and $\gamma \ge (p + 1) / (D + 2)$.

    Returns
    -------
    float

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> from opgd.theory import rate_bound
    >>> round(rate_bound(PowerLaw(p=1, q=2, gamma=1.5, n=10_000)), 6)
    0.046052
    """
    epsilon, log = _noise(problem)
    return float((epsilon * log) ** (2 * optimal_rate(problem.p)))


def optimal_rate(p: float) -> float:
    """Return r in the best possible risk $n^{-r}$ under (4), $p / (p + 1)$; p > 0.

    Examples
    --------
    >>> from opgd.theory import optimal_rate
    >>> optimal_rate(1)
    0.5
    """
    p = check.real("p", p, above=0)
    return p / (p + 1)


def vanilla_rate(p: float, q: float) -> float:
    """Return r in the risk $n^{-r}$ of the vanilla flow at its best time under (4), $p / (p + q)$.

    Here p > 0 and q >= 1, as in `PowerLaw`.

    Examples
    --------
    >>> from opgd.theory import vanilla_rate
    >>> vanilla_rate(1, 3)
    0.25
    """
    p, q = check.real("p", p, above=0), check.real("q", q, least=1)
    return p / (p + q)


def stopping_exponent(depth: int) -> float:
    r"""Return s in the universal time $t \asymp \varepsilon^{-s}$ of Corollary 3.3, $s = (2D + 2) / (D + 2)$.

    Examples
    --------
    >>> from opgd.theory import stopping_exponent
    >>> [stopping_exponent(depth) for depth in (0, 2)]
    [1.0, 1.5]
    """
    depth = check.whole("depth", depth, least=0)
    return (2 * depth + 2) / (depth + 2)


def vanilla_stopping_exponent(p: float, q: float, gamma: float) -> float:
    r"""Return s in the best time of the vanilla flow under (4), $t \asymp \varepsilon^{-s}$.

    It is $s = 2 q \gamma / (p + q)$; p > 0, q >= 1, gamma > 0, as in `PowerLaw`.

    Examples
    --------
    >>> from opgd.theory import vanilla_stopping_exponent
    >>> vanilla_stopping_exponent(1, 3, 2)
    3.0
    """
    p, q = check.real("p", p, above=0), check.real("q", q, least=1)
    return 2 * q * check.real("gamma", gamma, above=0) / (p + q)


def comparison_solution(z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
    r"""Solve the comparison flow (26), $\tilde\theta' = (\lambda + 2 |\tilde\theta|)(z - \tilde\theta)$.

    Its solution (28) from $\tilde\theta(0) = 0$ encloses the two-layer flow in Lemma D.1, equation (27):

    .. math::

        \tilde\theta(t) = \frac{\lambda (E - 1) z}{2 |z| + \lambda E}, \qquad E = e^{(2 |z| + \lambda) t}.

    Parameters
    ----------
    z : array_like
        Observations.
    eigenvalues : array_like
        $\lambda \ge 0$, broadcastable against `z`.
    t : array_like
        Times $\ge 0$; inf is allowed. A component with $\lambda = 0$ never moves.

    Returns
    -------
    ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``

    Examples
    --------
    >>> from opgd.theory import comparison_solution
    >>> comparison_solution(1.0, 0.5, [0.0, 1.0, float("inf")]).round(6).tolist()
    [0.0, 0.691024, 1.0]
    """
    z, lam, t = _component(z, eigenvalues, t)
    size = 2 * np.abs(z)
    with np.errstate(invalid="ignore", over="ignore"):  # 0 * inf where nothing moves
        exponent = -(size + lam) * t
    moves = (z != 0) & (lam > 0)
    exponent = np.where(moves, exponent, 0.0)
    return np.asarray(z * (lam * -np.expm1(exponent) / np.where(moves, size * np.exp(exponent) + lam, 1.0)))


@dataclass(frozen=True)
class HittingTimes:
    r"""When a component reaches the marks of (35); inf if it never does. Arrays of one shape.

    Attributes
    ----------
    first : ndarray
        $T^{(1)} = \inf\{t : |\beta| \ge \lambda^{1/2}\}$, when a starts to grow.
    second : ndarray
        $T^{(2)} = \inf\{t : |\beta| \ge b_0 D^{-1/2}\}$, when b starts to grow.
    signal : ndarray
        $T^{sig} = \inf\{t : |\theta| \ge |z| / 2\}$.
    """

    first: Array
    second: Array
    signal: Array

    @property
    def escape(self) -> Array:
        r"""Time $T^{esc} = \min(T^{(1)}, T^{(2)})$ until which the component is as at the start."""
        return np.minimum(self.first, self.second)


def hitting_times(flow: OverParameterizedFlow, z: ArrayLike, eigenvalues: ArrayLike) -> HittingTimes:
    r"""Compute the times of (35), to a relative error of about 1e-12.

    (Where a mark lies just below the limit, rounding z moves its time by more.) The flow is one equation,
    $\beta' = a b^D (|z| - \theta)$ with the conserved quantities (32), so that

    .. math::

        T = \int_0^{\beta(T)} \frac{d\beta}{a b^D (|z| - \theta)}.

    With $\beta = \min(\lambda^{1/2}, b_0 D^{-1/2}) \sinh w$ the integrand varies over lengths of order 1, but
    for its pole at the equilibrium $w_\infty$; in $x = w - \ln(1 - w / w_\infty)$ there is none.

    Parameters
    ----------
    flow : OverParameterizedFlow
        Any depth; $T^{(2)}$ is inf at depth 0. With separate layers its mark is $\beta = b_0$, where they and
        beta balance.
    z : array_like
        Observations.
    eigenvalues : array_like
        $\lambda \ge 0$, broadcastable against `z`. By their definitions $T^{sig} = 0$ for z = 0 and
        $T^{(1)} = 0$ for $\lambda = 0$.

    Returns
    -------
    HittingTimes
        Arrays of shape ``broadcast(z, eigenvalues)``.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.theory import hitting_times
    >>> times = hitting_times(OverParameterizedFlow(depth=1, b0=0.5), z=[1.0, 0.001], eigenvalues=0.04)
    >>> times.first.round(6).tolist(), times.second.round(6).tolist(), times.signal.round(6).tolist()
    ([1.743183, inf], [3.13376, inf], [3.824881, 69.275244])
    """
    if not isinstance(flow, OverParameterizedFlow):
        raise ValueError(f"flow = {flow!r} is not allowed: it must be an OverParameterizedFlow")
    z, lam, _ = _component(z, eigenvalues, 0.0)
    z, lam = np.broadcast_arrays(np.abs(z), lam)
    root, m = np.sqrt(lam), 1.0 if flow.separate_layers and flow.depth else float(flow.depth)
    moves = (z > 0) & (lam > 0)
    if not moves.any():
        first, signal = np.where(lam > 0, math.inf, 0.0), np.where(z > 0, math.inf, 0.0)
        return HittingTimes(first, np.full(z.shape, math.inf), signal)
    safe_z, safe_root = np.where(moves, z, 1.0), np.where(moves, root, 1.0)
    end = _inverse(flow.depth, m, flow.b0, safe_root, np.log(safe_z))
    half = _inverse(flow.depth, m, flow.b0, safe_root, np.log(safe_z) - math.log(2))
    second = np.full(z.shape, flow.b0 / math.sqrt(m) if m else math.inf)
    times = [
        _time(flow.depth, m, flow.b0, safe_root, safe_z, end, mark) for mark in (safe_root, second, half)
    ]
    first, second, signal = (np.where(moves, time, math.inf) for time in times)
    return HittingTimes(np.where(lam > 0, first, 0.0), second, np.where(z > 0, signal, 0.0))


@dataclass(frozen=True)
class NoiseTimes:
    r"""The times of Lemma D.2, arrays of one shape; inf at z = 0.

    Attributes
    ----------
    first : ndarray
        $\underline{T}^{(1)} = (2^{(D+1)/2} b_0^D |z|)^{-1}$.
    second : ndarray
        $\underline{T}^{(2)} = (2^{(D+1)/2} D^{1/2} \lambda^{1/2} b_0^{D-1} |z|)^{-1}$.
    late : ndarray
        $\underline{T}^{(1,2)} = (1 + \ln[b_0 D^{-1/2} \lambda^{-1/2}]) \underline{T}^{(1)}$; NaN unless
        $\lambda^{1/2} \le b_0 D^{-1/2}$, for the lemma makes no such claim then.
    """

    first: Array
    second: Array
    late: Array


def noise_times(flow: OverParameterizedFlow, z: ArrayLike, eigenvalues: ArrayLike) -> NoiseTimes:
    r"""Return the times of Lemma D.2 before which a component of noise stays small.

    The lemma claims $\min(\underline{T}^{(1)}, \underline{T}^{(2)}) \le T^{esc}$, and
    $\underline{T}^{(1)} \le T^{(1)}$ if $\lambda^{1/2} \le b_0 D^{-1/2}$.

    Parameters
    ----------
    flow : OverParameterizedFlow
        Of depth $D \ge 1$, with shared layers.
    z : array_like
        Observations.
    eigenvalues : array_like
        $\lambda \ge 0$, broadcastable against `z`.

    Returns
    -------
    NoiseTimes

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.theory import noise_times
    >>> times = noise_times(OverParameterizedFlow(depth=1, b0=0.5), z=0.1, eigenvalues=0.01)
    >>> round(float(times.first), 6), round(float(times.second), 6), round(float(times.late), 6)
    (10.0, 50.0, 26.094379)
    """
    depth, b0 = _deep(flow)
    z, lam, _ = _component(z, eigenvalues, 0.0)
    z, root = np.broadcast_arrays(np.abs(z), np.sqrt(lam))
    balance = b0 / math.sqrt(depth)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = 1 / (2 ** ((depth + 1) / 2) * b0**depth * z)
        second = first * balance / root
        late = np.where(root <= balance, 1 + np.log(balance / root), np.nan) * first
    return NoiseTimes(first, second, late)


def early_noise_bounds(
    flow: OverParameterizedFlow, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike
) -> tuple[Array, Array]:
    r"""Bound $|\beta|$ and $|\theta|$ until $\min(\underline{T}^{(1)}, \underline{T}^{(2)})$, (36) and (37).

    .. math::

        |\beta| \le 2^{(D+1)/2} \lambda^{1/2} b_0^D |z| t, \qquad |\theta| \le 2^{D+1} \lambda b_0^{2D} |z| t.

    Parameters
    ----------
    flow, z, eigenvalues
        As for `noise_times`.
    t : array_like
        Times $\ge 0$.

    Returns
    -------
    beta, theta : ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``
        The bounds; inf at later times, for which nothing is claimed.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.theory import early_noise_bounds
    >>> flow = OverParameterizedFlow(depth=1, b0=0.5)
    >>> beta, theta = early_noise_bounds(flow, z=0.1, eigenvalues=0.01, t=[5.0, 11.0])
    >>> beta.round(6).tolist(), theta.round(6).tolist()
    ([0.05, inf], [0.005, inf])
    """
    times = noise_times(flow, z, eigenvalues)
    z, lam, t = _component(z, eigenvalues, t)
    grown = t / times.first  # 2^((D + 1) / 2) b0^D |z| t
    valid = t <= np.minimum(times.first, times.second)
    beta = np.where(valid, np.sqrt(lam) * grown, np.inf)
    return beta, np.where(valid, 2 ** ((flow.depth + 1) / 2) * flow.b0**flow.depth * lam * grown, np.inf)


def late_noise_bounds(
    flow: OverParameterizedFlow, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike
) -> tuple[Array, Array]:
    r"""Bound $|\beta|$ and $|\theta|$ until $\underline{T}^{(1,2)}$, (38) and (39).

    If $\lambda^{1/2} \le b_0 D^{-1/2}$,

    .. math::

        |\beta| \le \lambda^{1/2} e^{s}, \qquad |\theta| \le 2^{(D+1)/2} \lambda b_0^D e^{2 s}, \qquad
        s = 2^{(D+1)/2} b_0^D |z| (t - \underline{T}^{(1)})^+.

    Parameters
    ----------
    flow, z, eigenvalues
        As for `noise_times`.
    t : array_like
        Times $\ge 0$.

    Returns
    -------
    beta, theta : ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``
        The bounds; inf where nothing is claimed.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.theory import late_noise_bounds
    >>> flow = OverParameterizedFlow(depth=1, b0=0.5)
    >>> beta, theta = late_noise_bounds(flow, z=0.1, eigenvalues=0.01, t=[9.0, 20.0])
    >>> beta.round(6).tolist(), theta.round(6).tolist()
    ([0.1, 0.271828], [0.01, 0.073891])
    """
    times = noise_times(flow, z, eigenvalues)
    z, lam, t = _component(z, eigenvalues, t)
    valid = t <= times.late  # not where it is NaN
    s = np.where(valid, np.maximum(t / times.first - 1, 0.0), 0.0)
    beta = np.where(valid, np.sqrt(lam) * np.exp(s), np.inf)
    theta = 2 ** ((flow.depth + 1) / 2) * flow.b0**flow.depth * lam * np.exp(2 * s)
    return beta, np.where(valid, theta, np.inf)


def signal_time_bound(flow: OverParameterizedFlow, z: ArrayLike, eigenvalues: ArrayLike) -> Array:
    r"""Bound $T^{sig}$ by Lemma D.3: (40) if $\lambda^{1/2} \le b_0 D^{-1/2}$, otherwise (41).

    .. math::

        T^{sig} \le \frac{2}{b_0^D |z|} \left(1 + \left(\ln \frac{(D^{-D/2} |z| / 2)^{1/(D+2)}}{\lambda^{1/2}}
        \right)^+\right), \qquad
        T^{sig} \le \frac{2}{D^{1/2} \lambda^{1/2} b_0^{D-1} |z|} (1 + R^+),

    where $R = \ln[(D |z| / 2)^{1/(D+2)} / b_0]$ for D = 1 and $1/(D-1)$ for larger D.

    Parameters
    ----------
    flow, z, eigenvalues
        As for `noise_times`.

    Returns
    -------
    ndarray, shape ``broadcast(z, eigenvalues)``
        The bound; inf at z = 0 and at $\lambda = 0$.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.theory import signal_time_bound
    >>> flow = OverParameterizedFlow(depth=1, b0=0.5)
    >>> signal_time_bound(flow, z=2.0, eigenvalues=[0.04, 1.0]).round(6).tolist()
    [5.218876, 1.693147]
    """
    depth, b0 = _deep(flow)
    z, lam, _ = _component(z, eigenvalues, 0.0)
    z, root = np.broadcast_arrays(np.abs(z), np.sqrt(lam))
    with np.errstate(divide="ignore", invalid="ignore"):
        log_small = (np.log(z / 2) - depth / 2 * math.log(depth)) / (depth + 2) - np.log(root)
        small = 2 / (b0**depth * z) * (1 + np.maximum(log_small, 0.0))
        log_large = np.log(z / 2) / 3 - math.log(b0) if depth == 1 else np.full(z.shape, 1 / (depth - 1))
        large = 2 / (math.sqrt(depth) * root * b0 ** (depth - 1) * z) * (1 + np.maximum(log_large, 0.0))
    bound = np.where(root <= b0 / math.sqrt(depth), small, large)
    return np.where((z > 0) & (root > 0), bound, np.inf)


def remaining_error_bound(depth: int, z: ArrayLike, elapsed: ArrayLike) -> Array:
    r"""Bound $|z - \theta(t)|$ at $t = T^{sig} + {}$ `elapsed`, equation (42) of Lemma D.3.

    .. math::

        |z - \theta(t)| \le \frac{|z|}{2} e^{-s}, \qquad
        s = \tfrac14 D^{D/(D+2)} |z|^{(2D+2)/(D+2)} (t - T^{sig}).

    Parameters
    ----------
    depth : int
        $D \ge 1$, with shared layers.
    z : array_like
        Observations.
    elapsed : array_like
        $t - T^{sig} \ge 0$; inf is allowed. Broadcastable against `z`.

    Returns
    -------
    ndarray, shape ``broadcast(z, elapsed)``

    Examples
    --------
    >>> from opgd.theory import remaining_error_bound
    >>> remaining_error_bound(1, 8.0, [0.0, 0.5]).round(6).tolist()
    [4.0, 0.541341]
    """
    depth = check.whole("depth", depth, least=1)
    z = np.abs(check.array("z", z))
    elapsed = check.array("elapsed", elapsed, least=0, infinite=True)
    check.broadcast(z=z, elapsed=elapsed)
    with np.errstate(invalid="ignore"):  # 0 * inf at z = 0, where there is no error
        exponent = depth ** (depth / (depth + 2)) / 4 * z ** stopping_exponent(depth) * elapsed
    return np.asarray(z / 2 * np.exp(-np.where(z > 0, exponent, 0.0)))


def _inverse(depth: int, m: float, b0: float, root: Array, log_theta: Array) -> Array:
    """Return beta where theta has the given logarithm.

    Newton's method for ln(theta) in y = ln(beta): convex, with slopes between 1 and D + 2, from the right.
    """
    log_root, log_b0 = np.log(root), math.log(b0)
    log_m = math.log(m) if m else -math.inf
    y = log_theta - log_root - depth * log_b0
    for _ in range(NEWTON_STEPS):
        log_a2, log_b2 = np.logaddexp(2 * log_root, 2 * y), np.logaddexp(2 * log_b0, log_m + 2 * y)
        slope = 1 + np.exp(2 * y - log_a2) + depth * np.exp(log_m + 2 * y - log_b2)
        step = (y + log_a2 / 2 + depth / 2 * log_b2 - log_theta) / slope
        y = y - step
        if np.abs(step).max() < 1e-14:
            break
    return np.asarray(np.exp(y))


def _time(depth: int, m: float, b0: float, root: Array, z: Array, end: Array, mark: Array) -> Array:
    """Return when beta reaches `mark`, inf unless its limit `end` is beyond; Gauss-Legendre panels in x."""
    reached = mark < end * (1 - 1e-13)  # any closer, and rounding of z decides
    scale = np.minimum(root, b0 / math.sqrt(m)) if m else root
    w_end, w_mark = np.arcsinh(end / scale), np.arcsinh(np.where(reached, mark, end / 2) / scale)
    x_mark = w_mark - np.log1p(-w_mark / w_end)
    panels = math.ceil(x_mark.max() / PANEL)
    h = x_mark / panels
    nodes, weights = (v.reshape((-1,) + (1,) * z.ndim) for v in ((1 + NODES) / 2, WEIGHTS / 2))
    total = np.zeros(z.shape)
    for panel in range(panels):
        left = wrightomega(w_end + np.log(w_end) - h * (panel + nodes))  # w_end - w: x(w), solved
        beta = scale * np.sinh(w_end - left)
        learned = np.sqrt(root**2 + beta**2) * (b0**2 + m * beta**2) ** (depth / 2)  # a b^D
        slope = np.sqrt(scale**2 + beta**2) / (learned * (z - learned * beta))  # dt/dw
        total += h * np.sum(weights * slope * left / (1 + left), axis=0)  # dx/dw = (1 + left) / left
    return np.where(reached, total, math.inf)


def _count(decreasing: Array, delta: Array) -> Array:
    """Return how many entries are at least delta."""
    return np.searchsorted(-decreasing, -delta, side="right").astype(np.float64)


def _positive(name: str, value: ArrayLike) -> Array:
    result = check.array(name, value, least=0)
    if (result == 0).any():
        raise ValueError(f"{name} holds 0.0 and must hold finite real numbers > 0")
    return result


def _check(problem: object) -> None:
    if not isinstance(problem, PowerLaw | SequenceModel):
        raise ValueError(f"problem = {problem!r} is not allowed: it must be a PowerLaw or a SequenceModel")


def _noise(problem: PowerLaw) -> tuple[float, float]:
    """Return epsilon and ln(1 / epsilon)."""
    if not isinstance(problem, PowerLaw):
        raise ValueError(f"problem = {problem!r} is not allowed: it must be a PowerLaw")
    if problem.n <= 1:
        raise ValueError(
            f"problem with n = {problem.n:g} is not allowed: n must be > 1, so that ln(1/epsilon) > 0"
        )
    return problem.epsilon, math.log(problem.n) / 2


def _deep(flow: OverParameterizedFlow) -> tuple[int, float]:
    """Return depth and b0 of a flow of which the lemmas speak."""
    if not isinstance(flow, OverParameterizedFlow):
        raise ValueError(f"flow = {flow!r} is not allowed: it must be an OverParameterizedFlow")
    if flow.depth < 1 or (flow.separate_layers and flow.depth > 1):
        raise ValueError(f"flow = {flow!r} is not allowed: it must have depth >= 1 and shared layers")
    return flow.depth, flow.b0


def _component(z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> tuple[Array, Array, Array]:
    """Return checked arrays, the axes of t ahead of the others."""
    z = check.array("z", z)
    lam = check.array("eigenvalues", eigenvalues, least=0)
    t = check.array("t", t, least=0, infinite=True)
    axes = len(check.broadcast(z=z, eigenvalues=lam))
    return z, lam, t.reshape(t.shape + (1,) * axes)
