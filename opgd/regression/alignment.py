"""How well a kernel's order fits the coefficients of a function: Example 2.3, fitted to data."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from opgd._validate import array, real

__all__ = ["Misalignment", "misalignment"]


@dataclass(frozen=True)
class Misalignment:
    r"""Size and order of coefficients, in the terms of (4).

    Attributes
    ----------
    significant : int
        Number J of coefficients above the threshold.
    p : float
        Decay of the sorted coefficients, of order $j^{-(p+1)/2}$ for j = 1, ..., J. The theory wants
        p > 0; at p <= 0 the squares in this range do not fall fast enough to be summable.
    q : float
        Spread of the sorted coefficients over the kernel's order: the j-th largest is found near place
        $j^q$; 1 for the best order, larger for worse ones.
    q_random : float
        The mean of `q` over all orders of the same coefficients, as if the kernel knew nothing.
    rank_correlation : float
        Spearman's correlation between place and size of all coefficients: 1 if they fall in the
        kernel's order, around 0 for a random order.
    """

    significant: int
    p: float
    q: float
    q_random: float
    rank_correlation: float


def misalignment(magnitudes: ArrayLike, threshold: float) -> Misalignment:
    r"""Fit the p and q of Example 2.3, and a rank statistic.

    Let $s_1 \ge s_2 \ge \dots$ be the sorted magnitudes and $l(j)$ the place of the
    j-th largest in the kernel's order. The fits use the J magnitudes above the threshold, with weights 1/j,
    which give each octave of j the same say. The least squares line through $(\ln j, \ln s_j)$ has the
    slope $-(p+1)/2$. The line through $(\ln j, \ln l(j))$ and the origin has the slope q, since
    $l(j) = j^q$ in the paper's experiments. If the order is random, every place is equally likely and
    the mean of $\ln l(j)$ is $\ln(K!)/K$ for all j.

    Parameters
    ----------
    magnitudes : array_like, shape (K,)
        Absolute values of coefficients in the order of decreasing eigenvalues, at least 3. Of a pair of
        frequencies that always have the same magnitude, give one.
    threshold : float
        What counts as significant, positive; at least 3 must be larger.

    Returns
    -------
    Misalignment

    Raises
    ------
    ValueError
        If magnitudes are negative or not finite, or fewer than 3 exceed the threshold.

    Examples
    --------
    A signal of Example 2.3 with p = 1 and q = 2:

    >>> signal = np.zeros(10_000)
    >>> signal[np.arange(1, 101) ** 2 - 1] = 1 / np.arange(1, 101)
    >>> found = misalignment(signal, threshold=0.01)
    >>> round(found.p, 6), round(found.q, 6), round(found.q_random, 2)
    (1.0, 2.0, 2.66)
    """
    sizes = array("magnitudes", magnitudes, least=0.0)
    if sizes.ndim != 1 or sizes.size < 3:
        raise ValueError(f"magnitudes of shape {sizes.shape} are not allowed: they must be (K,) with K >= 3")
    threshold = real("threshold", threshold, above=0)
    count = int((sizes > threshold).sum())
    if count < 3:
        raise ValueError(
            f"threshold = {threshold:g} is exceeded by {count} of {sizes.size} magnitudes: 3 are needed"
        )
    order = np.argsort(-sizes, kind="stable")[:count]
    j = np.arange(1, count + 1)
    log_j, log_size, log_place = np.log(j), np.log(sizes[order]), np.log1p(order)
    slope = np.polyfit(log_j, log_size, 1, w=j**-0.5)[0]  # numpy squares the weights
    square = float((log_j**2 / j).sum())
    mean_log_place = math.lgamma(sizes.size + 1) / sizes.size
    correlation = 0.0 if np.ptp(sizes) == 0 else -float(spearmanr(np.arange(sizes.size), sizes).statistic)
    return Misalignment(
        significant=count,
        p=-2 * float(slope) - 1,
        q=float((log_j * log_place / j).sum()) / square,
        q_random=mean_log_place * float((log_j / j).sum()) / square,
        rank_correlation=correlation,
    )
