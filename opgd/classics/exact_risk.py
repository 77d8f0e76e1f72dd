r"""Exact risks of classical estimators: thresholds at fixed levels, and linear rules with their oracles.

The risk of a threshold in one component is elementary. With $\varphi, \Phi$ the normal density and
distribution function, $\bar\Phi = 1 - \Phi$, noise level 1, level $\lambda$ and mean $\mu$,

.. math::

    r_{\mathrm{soft}} &= \mu^2 P + \sum_\pm \bigl[ (1 + \lambda^2)\, \bar\Phi(u_\pm)
        - (\lambda \pm \mu)\, \varphi(u_\pm) \bigr], \\
    r_{\mathrm{hard}} &= \mu^2 P + \sum_\pm \bigl[ \bar\Phi(u_\pm) + u_\pm \varphi(u_\pm) \bigr],

where $u_\pm = \lambda \mp \mu$ and $P = \Phi(\lambda - \mu) - \Phi(-\lambda - \mu)$ is the probability that
nothing is kept (Johnstone, *Gaussian Estimation*, chapters 2 and 8).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import ndtr, zeta

from opgd import _validate as check
from opgd._validate import Array
from opgd.classics.linear_rules import Pinsker, SpectralCutoff
from opgd.problem import PowerLaw, check_power_law
from opgd.risk._sums import power_law_components

__all__ = [
    "oracle_cutoff",
    "oracle_pinsker",
    "pinsker_risk",
    "threshold_risk",
    "total_threshold_risk",
]

FAR = 40.0  # standard deviations at which the normal distribution ends in doubles
PANEL = 1.0  # length of a panel in ln j
LARGEST = np.finfo(np.float64).max


def threshold_risk(
    theta: ArrayLike, epsilon: float, level: ArrayLike, mode: Literal["soft", "hard"] = "soft"
) -> Array:
    r"""Compute the expected squared error of a threshold in one component.

    Parameters
    ----------
    theta : array_like
        $\theta^*$.
    epsilon : float
        Noise level, > 0.
    level : array_like
        Threshold >= 0 in the units of `theta`, broadcastable against it.
    mode : {"soft", "hard"}
        Which threshold.

    Returns
    -------
    ndarray, shape of the broadcast arguments
        $\mathbb{E} (\hat\theta - \theta^*)^2$, to a relative error of about 1e-13; a soft threshold far above
        a small signal has a tiny risk, and there the relative error is $10^{-16} (\text{level} /
        \varepsilon)^4$, at most 1e-9.

    Raises
    ------
    ValueError
        If an argument is outside its range, or the risk exceeds the range of a double.

    Examples
    --------
    >>> from opgd.classics.exact_risk import threshold_risk
    >>> threshold_risk([0.0, 1.0, 1e200], epsilon=1.0, level=2.0, mode="soft").round(6).tolist()
    [0.011537, 0.909677, 5.0]
    >>> threshold_risk([0.0, 1.0, 1e200], epsilon=1.0, level=2.0, mode="hard").round(6).tolist()
    [0.261464, 1.255266, 1.0]
    """
    theta, level = check.array("theta", theta), check.array("level", level, least=0)
    epsilon = check.real("epsilon", epsilon, above=0)
    if not isinstance(mode, str) or mode not in ("soft", "hard"):
        raise ValueError(f"mode = {mode!r} is not allowed: it must be 'soft' or 'hard'")
    check.broadcast(theta=theta, level=level)
    size = np.abs(theta)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        gap = np.clip((level - size) / epsilon, -FAR, FAR)
        total = np.minimum(level / epsilon + size / epsilon, FAR)
        result = (size * np.sqrt(np.maximum(ndtr(gap) - ndtr(-total), 0))) ** 2
        for edge, other in ((gap, level + size), (total, level - size)):  # kept: z > level, then z < -level
            tail, density = ndtr(-edge), np.exp(-(edge**2) / 2) / math.sqrt(2 * math.pi)
            result = result + (epsilon * np.sqrt(tail)) ** 2
            if mode == "hard":
                result = result + epsilon * (epsilon * (edge * density))
            else:
                moved = np.clip(other, -LARGEST, LARGEST) * (epsilon * density)
                result = result + (level * np.sqrt(tail)) ** 2 - moved
    if not np.isfinite(result).all():
        raise ValueError("theta, epsilon or level is too large: the risk exceeds the range of a double")
    return np.asarray(result)


def total_threshold_risk(
    problem: PowerLaw, levels: float | Callable[[Array], Array], mode: Literal["soft", "hard"] = "soft"
) -> float:
    r"""Sum the risk of a threshold over all components of a finite problem.

    The cost does not depend on the number of components.

    Parameters
    ----------
    problem : PowerLaw
        Of finite size.
    levels : float or callable
        Threshold in units of the noise level: one for all components, or a smooth function of $\ln j$, as
        `opgd.classics.IndexThreshold.levels`.
    mode : {"soft", "hard"}
        Which threshold.

    Returns
    -------
    float
        The expected risk, to a relative error of about 1e-8.

    Raises
    ------
    ValueError
        If an argument is outside its range or the problem is untruncated.

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> from opgd.classics.exact_risk import total_threshold_risk
    >>> from opgd.classics import IndexThreshold
    >>> problem = PowerLaw(p=1, q=2, gamma=1.5, n=2000, size=10_000)
    >>> round(total_threshold_risk(problem, IndexThreshold().levels, "hard"), 4)
    0.0822
    """
    check_power_law(problem, finite=True)
    constant = None if callable(levels) else check.real("levels", levels, least=0)

    def risk(signal: Array, log_index: Array) -> Array:
        level = np.full_like(signal, constant) if constant is not None else levels(log_index)  # type: ignore[operator]
        return threshold_risk(signal, problem.epsilon, problem.epsilon * level, mode)

    return _total(problem, risk)


def oracle_cutoff(problem: PowerLaw) -> tuple[SpectralCutoff, float]:
    r"""Find the number of components to keep for which the expected risk is smallest.

    Keeping the first m costs $m \varepsilon^2$ and misses the signals beyond.

    Parameters
    ----------
    problem : PowerLaw
        Finite or untruncated.

    Returns
    -------
    rule : SpectralCutoff
    risk : float
        Its expected risk.

    Raises
    ------
    ValueError
        If `problem` is not a PowerLaw.

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> from opgd.classics.exact_risk import oracle_cutoff
    >>> rule, risk = oracle_cutoff(PowerLaw(p=1, q=2, gamma=1.5, n=2000))
    >>> rule.kept, round(risk, 4)
    (100, 0.1452)
    """
    check_power_law(problem)
    most = min(problem.signals, math.ceil(4 * problem.n ** (1 / (problem.p + problem.q))) + 64)
    count = np.arange(most + 1.0)
    kept = problem.positions(count)
    risks = kept * problem.epsilon**2 + _beyond(problem, count)
    best = int(risks.argmin())
    return SpectralCutoff(int(kept[best])), float(risks[best])


def pinsker_risk(rule: Pinsker, problem: PowerLaw) -> float:
    r"""Compute the expected risk of a Pinsker rule.

    Parameters
    ----------
    rule : Pinsker
        The rule.
    problem : PowerLaw
        Finite or untruncated.

    Returns
    -------
    float
        $\sum_j (1 - w_j)^2 \theta^{*2}_j + \varepsilon^2 \sum_j w_j^2$, to a relative error of about 1e-8.

    Raises
    ------
    ValueError
        If an argument is of another kind.

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> from opgd.classics.exact_risk import pinsker_risk
    >>> from opgd.classics import Pinsker
    >>> round(pinsker_risk(Pinsker(smoothness=0.25, cutoff=500), PowerLaw(1, 2, 1.5, n=2000)), 4)
    0.226
    """
    check_power_law(problem)
    if not isinstance(rule, Pinsker):
        raise ValueError(f"rule = {rule!r} is not allowed: it must be a Pinsker")
    size = min(problem.size, max(1.0, math.floor(min(rule.cutoff, 2.0**53))))
    reached = PowerLaw(problem.p, problem.q, problem.gamma, problem.n, size)

    def risk(signal: Array, log_index: Array) -> Array:
        weight = rule.weights(np.exp(log_index))
        return ((1 - weight) * signal) ** 2 + (weight * problem.epsilon) ** 2

    return _total(reached, risk) + float(_beyond(problem, np.array(reached.signals)))


def oracle_pinsker(problem: PowerLaw, smoothness: float | None = None) -> tuple[Pinsker, float]:
    r"""Find the Pinsker rule with the smallest expected risk.

    The signal lies in the ellipsoids with $\alpha < p / (2 q)$, but for a single signal the minimax rule over
    an ellipsoid is rarely a good one. So the oracle chooses both numbers.

    Parameters
    ----------
    problem : PowerLaw
        Finite or untruncated.
    smoothness : float, optional
        $\alpha > 0$; by default the best one, at most 64. (For $\alpha \to \infty$ the rule is a cut-off.)

    Returns
    -------
    rule : Pinsker
    risk : float
        Its expected risk.

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> from opgd import PowerLaw
    >>> from opgd.classics.exact_risk import oracle_pinsker
    >>> rule, risk = oracle_pinsker(PowerLaw(p=1, q=2, gamma=1.5, n=2000))
    >>> round(rule.smoothness, 2), round(risk, 4)
    (0.78, 0.1247)
    """
    check_power_law(problem)
    if smoothness is not None:
        smoothness = check.real("smoothness", smoothness, above=0)
    guess = problem.q / (problem.p + problem.q) * math.log(problem.n)
    found: list[tuple[float, float, float]] = []  # risk, smoothness, cut-off

    def best_cutoff(alpha: float) -> float:
        def risk(log_cutoff: float) -> float:
            return pinsker_risk(Pinsker(alpha, math.exp(log_cutoff)), problem)

        grid = np.arange(max(guess - 4, 0.0), guess + 4 / alpha + 4, 0.5)
        best = int(np.argmin([risk(x) for x in grid]))
        low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, grid.size - 1)])
        at = minimize_scalar(risk, bounds=(low, high), method="bounded", options={"xatol": 1e-4})
        found.append((float(at.fun), alpha, math.exp(at.x)))
        return float(at.fun)

    if smoothness is not None:
        best_cutoff(smoothness)
    else:
        alphas = 2.0 ** np.arange(-2, 7)
        best = int(np.argmin([best_cutoff(float(alpha)) for alpha in alphas]))
        low, high = (math.log(alphas[i]) for i in (max(best - 1, 0), min(best + 1, alphas.size - 1)))
        minimize_scalar(
            lambda x: best_cutoff(math.exp(x)),
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-2},
        )
    smallest, alpha, cutoff = min(found)
    return Pinsker(alpha, cutoff), smallest


def _total(problem: PowerLaw, risk: Callable[[Array, Array], Array]) -> float:
    """Sum a function of signal and ln j over the components of a finite problem."""
    parts = power_law_components(problem, last=0.0, panel=PANEL * problem.gamma)
    log_index = -parts.log_eigenvalues / problem.gamma + 0.0
    return float((parts.sign * np.exp(parts.log_weights)) @ risk(parts.signal, log_index))


def _beyond(problem: PowerLaw, count: Array) -> Array:
    """Return the sum of the squared signals after the first `count`."""
    last = 0.0 if problem.size == math.inf else zeta(problem.p + 1, problem.signals + 1)
    return np.asarray(zeta(problem.p + 1, count + 1) - last)
