"""When to stop: the oracle time, which knows the risk."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from opgd.flows import OverParameterizedFlow, VanillaFlow
from opgd.problem import PowerLaw, SequenceModel
from opgd.risk import expected_risk

__all__ = ["Stop", "oracle_stopping"]


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

    The expected risk is scanned over all times between "nothing learned" and "everything learned" on a
    logarithmic grid, four points per factor of ten, and its lowest valley is then searched.

    Parameters
    ----------
    flow : VanillaFlow or OverParameterizedFlow
        The estimator; depth 0 in this version.
    problem : PowerLaw or SequenceModel
        The problem, of finite size or untruncated.

    Returns
    -------
    Stop
        The relative error of the risk is that of `expected_risk`; the time is accurate to about 1e-5, since the minimum is flat.

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
    def risk(log_t: float) -> float:
        return float(expected_risk(flow, problem, math.exp(log_t)).mean)

    grid = np.log(10) * np.arange(*_decades(flow, problem), 0.25)
    values: list[float] = []
    for log_t in grid:
        values.append(risk(float(log_t)))
        if isinstance(problem, PowerLaw) and problem.size == math.inf and values[-1] > 10 * min(values):
            break  # the risk of the untruncated sequence only grows from here
    best = int(np.argmin(values))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(values) - 1)]
    found = minimize_scalar(risk, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return Stop(math.exp(found.x), float(found.fun))


def _decades(flow: VanillaFlow | OverParameterizedFlow, problem: PowerLaw | SequenceModel) -> tuple[float, float]:
    """Return powers of ten between which the oracle time must lie."""
    if isinstance(problem, PowerLaw):
        largest = 1.0
        smallest = 1e-300 if problem.size == math.inf else problem.size**-problem.gamma
    else:
        positive = problem.eigenvalues[problem.eigenvalues > 0]
        if not positive.size:
            raise ValueError("eigenvalues are all zero: the flow never moves, and every stopping time is the same")
        largest, smallest = float(positive.max()), float(positive.min())
    everything = math.log10(1 / smallest) + 2  # exp(-lambda t) = exp(-100) at the slowest component
    if isinstance(flow, OverParameterizedFlow):  # noise alone drives a component out by t ~ ln(1/lambda) / epsilon
        everything = min(everything, math.log10(1e3 / problem.epsilon))
    return math.log10(1 / largest) - 2, max(everything, math.log10(1 / largest))
