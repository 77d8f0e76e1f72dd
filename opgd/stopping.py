"""When to stop: the oracle time, which knows the risk."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from opgd import _validate as check
from opgd._validate import Array
from opgd.flows import OverParameterizedFlow, VanillaFlow
from opgd.problem import PowerLaw, SequenceModel
from opgd.risk import expected_risk

__all__ = ["Stop", "oracle_stopping", "trial_stopping"]


@dataclass(frozen=True)
class Stop:
    """A stopping time and the expected risk there.

    Attributes
    ----------
    t : float
        Flow time.
    risk : float
        Expected risk at `t`.
    """

    t: float
    risk: float


def oracle_stopping(flow: VanillaFlow | OverParameterizedFlow, problem: PowerLaw | SequenceModel) -> Stop:
    r"""Find the time that minimises the expected risk.

    The expected risk is scanned on a logarithmic grid of times, about a factor of two apart, from "nothing
    learned" until the lowest valley is certain, which is then searched. It is certain once the risk is twice
    the smallest so far: along every path the error of a component falls until the estimate meets $\theta^*$
    and rises from then on; what still falls is less than the smallest risk, so what has risen exceeds it
    for good.

    Parameters
    ----------
    flow : VanillaFlow or OverParameterizedFlow
        The estimator; depth 0 in this version.
    problem : PowerLaw or SequenceModel
        The problem, of finite size or untruncated.

    Returns
    -------
    Stop
        The relative error of the risk is that of `expected_risk`; the time is accurate to about 1e-5, since
        the minimum is flat.

    Raises
    ------
    ValueError
        As `expected_risk`.

    Examples
    --------
    >>> from opgd import PowerLaw, VanillaFlow, oracle_stopping
    >>> stop = oracle_stopping(VanillaFlow(), PowerLaw(p=1, q=2, gamma=1.5, n=2000, size=10_000))
    >>> round(stop.risk, 3)
    0.113
    """
    expected_risk(flow, problem, [])  # refuses bad arguments

    def risk(log_t: float) -> float:
        return float(expected_risk(flow, problem, math.exp(log_t)).mean)

    grid = np.log(10) * np.arange(*_decades(flow, problem), 0.3)
    values: list[float] = []
    for log_t in grid:
        values.append(risk(float(log_t)))
        if values[-1] > 2 * min(values):
            break
    best = int(np.argmin(values))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(values) - 1)]
    found = minimize_scalar(risk, bounds=(low, high), method="bounded", options={"xatol": 1e-5})
    return Stop(math.exp(found.x), float(found.fun))


def trial_stopping(t: ArrayLike, risks: ArrayLike) -> tuple[Array, Array]:
    r"""Find each trial's own best time: the minimum of a parabola in $\ln t$ through its lowest points.

    Parameters
    ----------
    t : array_like, shape (k,)
        Increasing flow times > 0, at least three.
    risks : array_like, shape (repetitions, k)
        Risk of each trial at `t`, as from `monte_carlo_risk`.

    Returns
    -------
    t, risk : ndarray, shape (repetitions,)
        Best time and smallest risk of each trial.

    Raises
    ------
    ValueError
        If the shapes do not fit, `t` does not increase, or a minimum lies at an end of `t`.

    Examples
    --------
    >>> from opgd.stopping import trial_stopping
    >>> best, risk = trial_stopping([0.5, 1.0, 2.0], [[1.0, 0.2, 1.0]])
    >>> best.round(9).tolist(), risk.round(9).tolist()
    ([1.0], [0.2])
    """
    t, risks = check.array("t", t, least=0), check.array("risks", risks, least=0)
    if t.ndim != 1 or t.size < 3 or t[0] <= 0 or (np.diff(t) <= 0).any():
        raise ValueError(f"t = {t} is not allowed: it must hold at least three increasing times > 0")
    if risks.ndim != 2 or risks.shape[1] != t.size:
        raise ValueError(f"risks of shape {risks.shape} is not allowed: it must be (repetitions, {t.size})")
    best = risks.argmin(axis=1)
    if best.min() == 0 or best.max() == t.size - 1:
        raise ValueError(
            f"t from {t[0]:g} to {t[-1]:g} does not enclose the minimum of every trial: widen it"
        )
    near = [best - 1, best, best + 1]
    x0, x1, x2 = (np.log(t)[i] for i in near)
    y0, y1, y2 = (risks[np.arange(len(risks)), i] for i in near)
    left, right = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    curvature = (right - left) / (x2 - x0)
    x = (x0 + x1) / 2 - left / (2 * curvature)  # argmin takes the first minimum: the curvature is > 0
    return np.exp(x), y0 + left * (x - x0) + curvature * (x - x0) * (x - x1)


def _decades(
    flow: VanillaFlow | OverParameterizedFlow, problem: PowerLaw | SequenceModel
) -> tuple[float, float]:
    """Return powers of ten between which the oracle time must lie."""
    if isinstance(problem, PowerLaw):
        largest = 1.0
        smallest = 1e-300 if problem.size == math.inf else problem.size**-problem.gamma
    else:
        positive = problem.eigenvalues[problem.eigenvalues > 0]
        if not positive.size:
            raise ValueError(
                "eigenvalues are all zero: the flow never moves, and every stopping time is the same"
            )
        largest, smallest = float(positive.max()), float(positive.min())
    everything = math.log10(1 / smallest) + 2  # exp(-lambda t) = exp(-100) at the slowest component
    if isinstance(flow, OverParameterizedFlow):
        # noise alone drives a component out by t ~ ln(1/lambda) / epsilon
        everything = min(everything, math.log10(1e3 / problem.epsilon))
    return math.log10(1 / largest) - 2, max(everything, math.log10(1 / largest))
