"""The over-parameterized flow as a threshold: which observations it has learned at a given time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize.elementwise import find_root

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow.interface import Flow, check_flow

__all__ = ["effective_threshold"]


def effective_threshold(flow: Flow, eigenvalues: ArrayLike, t: float, fraction: float = 0.5) -> Array:
    r"""Find the observation of which the flow has learned half, or another fraction: $\theta(t) = z / 2$.

    The flow is a smooth threshold in $z$, and this is its level; its fractions tell how sharp it is. A larger
    observation is learned sooner, so there is one such $|z|$, or the flow has more than that fraction of
    every observation, and the level is 0.

    Parameters
    ----------
    flow : Flow
        A flow whose small components grow exponentially.
    eigenvalues : array_like
        $\lambda > 0$.
    t : float
        Flow time, > 0.
    fraction : float, default 0.5
        The fraction $\theta(t) / z$, in (0, 1).

    Returns
    -------
    ndarray, shape of `eigenvalues`
        To a relative error of about 1e-7.

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.classics.flow_as_threshold import effective_threshold
    >>> effective_threshold(OverParameterizedFlow(depth=0), [1e-2, 1e-4, 1e-6], t=100.0).round(4).tolist()
    [0.0, 0.0364, 0.0621]
    """
    check_flow(flow)
    if flow.growth == 0:
        raise ValueError(f"flow = {flow!r} is not allowed: its components must grow exponentially")
    lam, t = check.array("eigenvalues", eigenvalues, least=0), check.real("t", t, above=0)
    fraction = check.real("fraction", fraction, above=0, most=1)
    if fraction == 1:
        raise ValueError("fraction = 1 is not allowed: no observation is learned entirely in finite time")
    if lam.size and lam.min() == 0:
        raise ValueError("eigenvalues holds 0.0 and must hold finite real numbers > 0")

    def excess(log_z: Array, lam: Array) -> Array:
        z = np.exp(log_z)
        return np.asarray(flow.estimate(z, lam, t) / z - fraction)

    low, high = np.full(lam.shape, -math.log(t * flow.growth) - 12.0), np.full(lam.shape, 0.0)
    high = low + 12.0
    for _ in range(60):
        short = excess(high, lam) < 0
        if not short.any():
            break
        low, high = np.where(short, high, low), np.where(short, high + 1.0, high)
    bounded = excess(low, lam) < 0
    level = np.zeros(lam.shape)
    if bounded.any():
        found = find_root(excess, (low[bounded], high[bounded]), args=(lam[bounded],))
        level[bounded] = np.exp(found.x)
    return level
