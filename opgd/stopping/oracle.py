"""When to stop: the oracle time, which knows the risk."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import ArrayLike

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow import Flow
from opgd.problem import PowerLaw, SequenceModel
from opgd.risk.curve import expected_risk, risk_curve

OCTAVE = math.log(2)
ROUGH = 2.5  # coarseness of the risk during the search
CLOSE = 3e-4  # in ln t
MISFIT = 1e-3  # of a polynomial through the last times, as a share of their range; and of the rough risk
FINE = 1001  # places at which this polynomial is compared

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


def oracle_stopping(flow: Flow, problem: PowerLaw | SequenceModel) -> Stop:
    r"""Find the time that minimises the expected risk.

    The expected risk is scanned a factor of two apart, from a guess (the time of the theory) both ways until
    it is twice the smallest so far; then the best time is between. For along every path the error of a
    component falls until the estimate meets $\theta^*$ and rises from then on, so that the risk is the sum of
    a part that only falls and one that only grows with t, and at the best time neither exceeds the smallest
    risk. Later, where the risk has doubled, the growing part exceeds it for good; earlier, the falling part
    did all the time before. Deep flows may have several valleys: the neighbourhood of the lowest point is
    scanned once more, a factor of $2^{1/4}$ apart, and the lowest point there refined. Memory: as
    `expected_risk`.

    Parameters
    ----------
    flow : Flow
        The estimator.
    problem : PowerLaw or SequenceModel
        The problem, of finite size or untruncated.

    Returns
    -------
    Stop
        The relative error of the risk is that of `expected_risk`; the time is accurate to about 1e-3, since
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

    def risk(log_t: Array) -> Array:
        return risk_curve(flow, problem, np.exp(log_t), ROUGH).mean

    low, high = (math.log(10) * limit for limit in flow.time_range(*_extent(problem), problem.epsilon))
    guess = min(max(flow.time_scale(problem), low), high)
    x = np.unique(np.clip([guess, guess + OCTAVE], low, high))
    y = risk(x)
    while x[0] > low and y[0] <= 2 * y.min():
        more = np.unique(np.maximum(x[0] - OCTAVE * np.array([1, 2]), low))
        x, y = np.r_[more, x], np.r_[risk(more), y]
    while x[-1] < high and y[-1] <= 2 * y.min():
        more = np.minimum(x[-1:] + OCTAVE, high)  # one at a time: far too late, the risk may overflow
        x, y = np.r_[x, more], np.r_[y, risk(more)]
    ends = [float(end) for end, rough in ((x[0], y[0]), (x[-1], y[-1])) if rough <= (1 + MISFIT) * y.min()]
    between = np.linspace(*_around(x, y), 9)[1:-1]  # between three points of the scan may be two valleys
    between = between[np.abs(between[:, None] - x).min(axis=1) > 1e-9]
    x, y = np.r_[x, between], np.r_[y, risk(between)]
    order = np.argsort(x)
    x, y = x[order], y[order]
    while True:
        x = np.linspace(*_around(x, y), 9)  # together: times that are close share their quadrature
        y = risk(x)
        valley = Polynomial.fit(x, y, 6)
        if np.ptp(x) < CLOSE or np.abs(valley(x) - y).max() <= MISFIT * np.ptp(y):
            break
    fine = np.linspace(x[0], x[-1], FINE)
    candidates = [float(fine[valley(fine).argmin()]), *ends]  # the ends, where the risk levels off
    risks = [float(expected_risk(flow, problem, math.exp(log_t)).mean) for log_t in candidates]
    return Stop(math.exp(candidates[int(np.argmin(risks))]), min(risks))


def _around(x: Array, y: Array) -> tuple[float, float]:
    """Return the neighbours of the lowest point; at an end, the point itself is one of them."""
    best = int(y.argmin())
    return float(x[max(best - 1, 0)]), float(x[min(best + 1, x.size - 1)])


def trial_stopping(t: ArrayLike, risks: ArrayLike, *, ends: bool = False) -> tuple[Array, Array]:
    r"""Find each trial's own best time: the minimum of a parabola through its lowest points.

    The parabola is fitted to the logarithm of the risk against $\ln t$, so that its minimum is positive on
    coarse grids, too.

    Parameters
    ----------
    t : array_like, shape (k,)
        Increasing flow times > 0, at least three.
    risks : array_like, shape (repetitions, k)
        Risk of each trial at `t`, as from `monte_carlo_risk`.
    ends : bool
        Whether a minimum at an end of `t` is taken as it is, or refused.

    Returns
    -------
    t, risk : ndarray, shape (repetitions,)
        Best time and smallest risk of each trial.

    Raises
    ------
    ValueError
        If the shapes do not fit, `t` does not increase, or a minimum lies at an end of `t` and `ends` is
        false.

    Examples
    --------
    >>> from opgd.stopping import trial_stopping
    >>> best, risk = trial_stopping([0.5, 1.0, 2.0], [[1.0, 0.2, 1.0]])
    >>> best.round(9).tolist(), risk.round(9).tolist()
    ([1.0], [0.2])
    """
    t, risks = check.array("t", t), check.array("risks", risks, least=0)
    if t.ndim != 1 or t.size < 3 or t[0] <= 0 or (np.diff(t) <= 0).any():
        raise ValueError(f"t = {t} is not allowed: it must hold at least three increasing times > 0")
    if risks.ndim != 2 or risks.shape[1] != t.size:
        raise ValueError(f"risks of shape {risks.shape} is not allowed: it must be (repetitions, {t.size})")
    best = risks.argmin(axis=1)
    outside = (best == 0) | (best == t.size - 1)
    if outside.any() and not ends:
        raise ValueError(
            f"t from {t[0]:g} to {t[-1]:g} does not enclose the minimum of every trial: widen it"
        )
    middle = np.clip(best, 1, t.size - 2)
    near = [middle - 1, middle, middle + 1]
    x0, x1, x2 = (np.log(t)[i] for i in near)
    lowest = risks[np.arange(len(risks)), best]
    known = outside | (lowest == 0)  # no parabola is needed, and none is possible
    y0, y1, y2 = (np.log(np.where(known, 1.0 + (i != middle), risks[np.arange(len(risks)), i])) for i in near)
    left, right = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    curvature = (right - left) / (x2 - x0)
    x = (x0 + x1) / 2 - left / (2 * curvature)  # argmin takes the first minimum: the curvature is > 0
    y = y0 + left * (x - x0) + curvature * (x - x0) * (x - x1)
    return np.where(known, t[best], np.exp(x)), np.where(known, lowest, np.exp(y))


def _extent(problem: PowerLaw | SequenceModel) -> tuple[float, float, float]:
    """Return the smallest and the largest positive eigenvalue, and the strongest signal."""
    if isinstance(problem, PowerLaw):
        return 1e-300 if problem.size == math.inf else problem.size**-problem.gamma, 1.0, 1.0
    positive = problem.eigenvalues[problem.eigenvalues > 0]
    if not positive.size:
        raise ValueError(
            "eigenvalues are all zero: the flow never moves, and every stopping time is the same"
        )
    return float(positive.min()), float(positive.max()), float(np.abs(problem.signal).max())
