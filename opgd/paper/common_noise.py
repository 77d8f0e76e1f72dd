r"""Printed rates that share their noise: how likely they are, and what they say about each other.

The difference d of exact and printed rates is taken to be normal with mean zero and covariance
$\rho_{ab}\, s_a s_b + \delta_{ab} (u_a^2 + \tau^2)$: $\rho$ correlates the noise of cells
(`opgd.paper.tables.noise_correlation`), s is the spread of a rate in one run of the protocol, u the error of
rounding, and $\tau$ a scatter that each cell has of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import multivariate_normal

from opgd import _validate as check
from opgd._validate import Array

__all__ = ["fit_scatter", "given_others", "rate_covariance", "revealed"]


def rate_covariance(
    correlation: ArrayLike, sd: ArrayLike, rounding: ArrayLike, scatter: float = 0.0
) -> Array:
    r"""Compute the covariance of exact minus printed rates.

    Parameters
    ----------
    correlation : array_like, shape (k, k)
        $\rho$.
    sd, rounding : array_like, shape (k,)
        s and u.
    scatter : float
        $\tau \ge 0$.

    Returns
    -------
    ndarray, shape (k, k)

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is negative or not finite.

    Examples
    --------
    >>> from opgd.paper.common_noise import rate_covariance
    >>> rate_covariance([[1, 0.5], [0.5, 1]], [0.1, 0.2], [0, 0]).round(4).tolist()
    [[0.01, 0.01], [0.01, 0.04]]
    """
    correlation = check.array("correlation", correlation)
    sd, rounding = check.array("sd", sd, least=0), check.array("rounding", rounding, least=0)
    scatter = check.real("scatter", scatter, least=0)
    if sd.ndim != 1 or rounding.shape != sd.shape or correlation.shape != (sd.size, sd.size):
        raise ValueError(
            f"correlation of shape {correlation.shape} is not allowed: it must be (k, k), sd, rounding (k,)"
        )
    return np.asarray(correlation * np.outer(sd, sd) + np.diag(rounding**2 + scatter**2))


def fit_scatter(
    difference: ArrayLike,
    correlation: ArrayLike,
    sd: ArrayLike,
    rounding: ArrayLike,
    scatters: Sequence[float],
) -> tuple[float, Array]:
    """Find the scatter under which rates are most likely.

    Parameters
    ----------
    difference : array_like, shape (k,)
        Exact minus printed rates.
    correlation, sd, rounding
        As for `rate_covariance`.
    scatters : sequence of float
        Values to try, at least one.

    Returns
    -------
    scatter : float
        The likeliest.
    likelihoods : ndarray, shape (len(scatters),)
        Logarithm of the likelihood for each value.

    Raises
    ------
    ValueError
        As `rate_covariance`.

    Examples
    --------
    >>> from opgd.paper.common_noise import fit_scatter
    >>> best, _ = fit_scatter([0.1, -0.1], [[1, 0], [0, 1]], [1e-3, 1e-3], [0, 0], [0.0, 0.1, 0.2])
    >>> best
    0.1
    """
    difference = check.array("difference", difference)
    found = np.array(
        [
            multivariate_normal.logpdf(difference, cov=rate_covariance(correlation, sd, rounding, scatter))
            for scatter in scatters
        ]
    )
    return float(scatters[int(found.argmax())]), found


def revealed(
    difference: Array, covariance: Array, some: NDArray[np.int64], others: NDArray[np.int64]
) -> tuple[Array, Array]:
    """Compute what the differences of other cells say about those of some.

    Parameters
    ----------
    difference : ndarray, shape (k,)
        Exact minus printed rates.
    covariance : ndarray, shape (k, k)
        As from `rate_covariance`.
    some, others : ndarray of int
        Indices of cells; `others` are used.

    Returns
    -------
    mean : ndarray, shape (some.size,)
        Conditional mean of the differences.
    covariance : ndarray, shape (some.size, some.size)
        Their conditional covariance.

    Examples
    --------
    >>> import numpy as np
    >>> from opgd.paper.common_noise import revealed
    >>> pair = np.array([[1.0, 0.5], [0.5, 1.0]])
    >>> mean, left = revealed(np.array([9.0, 2.0]), pair, np.array([0]), np.array([1]))
    >>> mean.tolist(), left.tolist()
    ([1.0], [[0.75]])
    """
    between = covariance[np.ix_(others, some)]
    weights = np.linalg.solve(covariance[np.ix_(others, others)], between)
    return weights.T @ difference[others], covariance[np.ix_(some, some)] - weights.T @ between


def given_others(
    ours: Array, difference: Array, covariance: Array, kept: NDArray[np.int64]
) -> tuple[Array, Array]:
    """Predict each printed rate from the exact one and the other printed cells.

    Parameters
    ----------
    ours : ndarray, shape (k,)
        Exact rates.
    difference, covariance
        As for `revealed`.
    kept : ndarray of int
        The cells that are used for the others.

    Returns
    -------
    rate, sd : ndarray, shape (k,)
        Prediction and its standard deviation.

    Examples
    --------
    >>> import numpy as np
    >>> from opgd.paper.common_noise import given_others
    >>> pair = np.array([[1.0, 0.5], [0.5, 1.0]])
    >>> rate, sd = given_others(np.zeros(2), np.array([9.0, 2.0]), pair, np.array([0, 1]))
    >>> rate.tolist(), sd.round(3).tolist()
    ([-1.0, -4.5], [0.866, 0.866])
    """
    found = [revealed(difference, covariance, np.array([i]), kept[kept != i]) for i in range(len(ours))]
    mean, variance = (np.array([float(one.item()) for one in part]) for part in zip(*found, strict=True))
    return ours - mean, np.sqrt(variance)
