r"""The exact risk of a flow.

The risk of one trial is $\sum_j (\theta_j(t) - \theta^*_j)^2$. Its components are independent, so the
expected risk and its variance are sums of one-dimensional Gaussian integrals: no simulation is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow.interface import Flow, check_flow
from opgd.problem import PowerLaw, SequenceModel, check_problem
from opgd.risk._moments import REACH, squared_error_moments
from opgd.risk._sums import Components, power_law_components

__all__ = ["RiskCurve", "expected_risk"]

SPAN = 2.0  # times within this factor share their quadrature
LATE = 20.0  # beyond this growth * t * epsilon each time has its own


@dataclass(frozen=True)
class RiskCurve:
    """Expected risk along a flow.

    Attributes
    ----------
    t : ndarray
        Flow times.
    mean : ndarray
        Expected risk at each time.
    std : ndarray
        Standard deviation of the risk of one trial, over the noise.
    """

    t: Array
    mean: Array
    std: Array


def expected_risk(flow: Flow, problem: PowerLaw | SequenceModel, t: ArrayLike) -> RiskCurve:
    r"""Compute the expected risk $\mathbb{E} \sum_j (\theta_j(t) - \theta^*_j)^2$ and its spread.

    Deterministic; the relative error of the mean is at most 1e-6 for $t$ from 0 to $10^3 / \varepsilon$. The
    cost for a `PowerLaw` does not depend on its size. Memory: at most about 300 MB beside arguments and
    result, whatever the numbers are. For the vanilla flow this is equation (6).

    Parameters
    ----------
    flow : Flow
        The estimator.
    problem : PowerLaw or SequenceModel
        The problem, of finite size or untruncated.
    t : array_like
        Flow times $\ge 0$, any shape.

    Returns
    -------
    RiskCurve
        Its arrays have the shape of `t`.

    Raises
    ------
    ValueError
        If an argument is outside its range, or the risk is infinite or beyond the range of a double: the
        untruncated sequence with $\gamma \le 1/2$, with t = inf, or with $t$ so late that the noise of its
        far tail is learned. Also if `problem` decays so fast that its sum would take too many panels.

    Examples
    --------
    >>> from opgd import PowerLaw, VanillaFlow, expected_risk
    >>> curve = expected_risk(VanillaFlow(), PowerLaw(p=1, q=2, gamma=1.5, n=100), [0.0, 50.0])
    >>> curve.mean.round(6).tolist()
    [1.644934, 0.337397]
    """
    return risk_curve(flow, problem, t)


def risk_curve(
    flow: Flow,
    problem: PowerLaw | SequenceModel,
    t: ArrayLike,
    coarseness: float = 1.0,
) -> RiskCurve:
    """Compute `expected_risk` with longer panels: twice as long is good to three digits or so, and faster."""
    t = check.array("t", t, least=0, infinite=True)
    check_flow(flow)
    check_problem(problem)
    if isinstance(problem, PowerLaw) and problem.size == math.inf:
        if problem.gamma <= 0.5 and (t > 0).any():
            raise ValueError(
                f"size = inf with gamma = {problem.gamma:g} is not allowed: the risk is infinite; "
                "gamma must be > 0.5, or size finite"
            )
        if np.isinf(t).any():
            raise ValueError(
                "size = inf with t = inf is not allowed: the risk is infinite; make one of them finite"
            )
    mean, variance = np.empty((2, t.size))
    for some in _groups(flow, problem, t.ravel()):
        mean[some], variance[some] = _moments(flow, problem, t.ravel()[some], coarseness)
    if not np.isfinite(mean).all():
        worst = t.ravel()[~np.isfinite(mean)].min()
        raise ValueError(
            f"size = inf with t = {worst:g} is not allowed: the expected risk exceeds the range of a double, "
            "since that late the flow has learned the noise of astronomically many components"
        )
    return RiskCurve(t, mean.reshape(t.shape), np.sqrt(np.maximum(variance, 0)).reshape(t.shape))


def _groups(flow: Flow, problem: PowerLaw | SequenceModel, times: Array) -> Iterator[NDArray[np.intp]]:
    """Yield indices of increasing times that share their quadrature: close, and none of them late."""
    order = np.argsort(times)
    latest = 0.0  # otherwise sharing would save nothing
    if flow.shares_path:
        latest = LATE / (problem.epsilon * flow.growth)
    start = 0
    for stop in range(1, times.size + 1):
        first, following = times[order[start]], times[order[min(stop, times.size - 1)]]
        if stop == times.size or first == 0 or following > min(SPAN * first, latest):
            yield order[start:stop]
            start = stop


def _moments(
    flow: Flow,
    problem: PowerLaw | SequenceModel,
    times: Array,
    coarseness: float,
) -> tuple[Array, Array]:
    """Return mean and variance of the risk of one trial at times that are close to each other."""
    epsilon = problem.epsilon
    if isinstance(problem, SequenceModel):
        with np.errstate(divide="ignore"):
            log_lam = np.log(problem.eigenvalues)
        zero = np.zeros(problem.size)
        parts, reach = Components(np.abs(problem.signal), log_lam, zero + 1, zero, 0.0), REACH
    else:
        t = float(times[-1])
        # a small component grows like e^(rate z); tau is that for one standard deviation
        rate = t * flow.growth if flow.growth else 0.0
        tau = epsilon * rate
        untruncated = problem.size == math.inf
        if untruncated and 2 * (tau / problem.gamma) ** 2 > 720:
            infinite = np.full(times.size, math.inf)  # the noise alone adds e^{2 (tau / gamma)^2} eps^2
            return infinite, infinite
        # theta is linear in lambda once lambda e^{2 rate |z|} is small; the noise that matters reaches 4 tau
        # deviations
        reach = REACH + (4 * tau if untruncated else 0.0)
        last = 21 + max(0.0, flow.horizon(t, epsilon)) + 2 * tau * reach
        panel = 2.5 * max(1.0, tau / 2)
        parts = power_law_components(problem, last=last, panel=panel, growth=2 * rate, coarseness=coarseness)
    mean, variance = squared_error_moments(
        flow,
        *(parts.signal, parts.log_eigenvalues, epsilon),
        *(times, parts.log_weights),
        reach=reach,
        coarseness=coarseness,
    )
    return mean @ parts.sign + parts.constant, variance @ parts.sign
