"""Rates of convergence: a line through the logarithms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from opgd import _validate as check
from opgd._validate import Array

__all__ = ["RateFit", "fit_covariance", "fit_rate"]


@dataclass(frozen=True)
class RateFit:
    r"""The least-squares line $\log_{10} y = \text{slope} \cdot \log_{10} n + \text{intercept}$.

    Attributes
    ----------
    slope, intercept : float
        The line.
    slope_stderr, intercept_stderr : float
        Standard errors from the scatter of the points about the line (0 for two points).
    """

    slope: float
    intercept: float
    slope_stderr: float
    intercept_stderr: float

    def predict(self, n: ArrayLike) -> Array:
        """Return the fitted value at `n` > 0, on the original scale."""
        n = check.array("n", n)
        if not (n > 0).all():
            raise ValueError(f"n holds {n.min()} and must hold numbers > 0")
        return np.asarray(10 ** (self.intercept + self.slope * np.log10(n)))


def fit_rate(n: ArrayLike, error: ArrayLike) -> RateFit:
    """Fit a power law to errors or stopping times by least squares in log10-log10, as the paper does.

    Parameters
    ----------
    n : array_like, shape (k,)
        Sample sizes, > 0, at least two of them different.
    error : array_like, shape (k,)
        Positive values.

    Returns
    -------
    RateFit

    Raises
    ------
    ValueError
        If a value is not positive and finite, or the shapes differ.

    Examples
    --------
    >>> from opgd import fit_rate
    >>> fit = fit_rate([1e3, 1e4, 1e5], [2e-1, 2e-2, 2e-3])
    >>> round(fit.slope, 12), round(10**fit.intercept, 9)
    (-1.0, 200.0)
    """
    n, error = check.array("n", n), check.array("error", error)
    for name, value in (("n", n), ("error", error)):
        if value.ndim != 1 or value.size < 2 or value.min() <= 0:
            raise ValueError(
                f"{name} = {value} is not allowed: it must hold at least two numbers > 0 along one axis"
            )
    if n.shape != error.shape or n.min() == n.max():
        raise ValueError(
            f"n = {n} is not allowed: it must hold as many values as error, at least two different"
        )
    x, y = np.log10(n), np.log10(error)
    (variance, covariance), (_, spread) = np.cov(x, y, bias=True)
    slope = covariance / variance
    stderr = 0.0
    if n.size > 2 and error.min() < error.max():
        correlation = np.clip(covariance / math.sqrt(variance * spread), -1.0, 1.0)
        unexplained = 1 - float(correlation) ** 2
        stderr = math.sqrt(unexplained * spread / variance / (n.size - 2))
    intercept_stderr = stderr * math.sqrt(variance + x.mean() ** 2)
    return RateFit(float(slope), float(y.mean() - slope * x.mean()), stderr, intercept_stderr)


def fit_covariance(n: ArrayLike, log_sd: ArrayLike) -> Array:
    r"""Propagate the errors of the points to the fitted line.

    Parameters
    ----------
    n : array_like, shape (k,)
        Sample sizes of the fit.
    log_sd : array_like, shape (k,)
        Standard deviation of each $\log_{10} y$; the points are independent.

    Returns
    -------
    ndarray, shape (2, 2)
        Covariance matrix of (slope, intercept) of `fit_rate`.

    Examples
    --------
    >>> from opgd.rates import fit_covariance
    >>> fit_covariance([10.0, 1000.0], [0.1, 0.1]).round(6).tolist()
    [[0.005, -0.01], [-0.01, 0.025]]
    """
    n, log_sd = check.array("n", n), check.array("log_sd", log_sd, least=0, largest=check.SQUARABLE)
    if n.ndim != 1 or n.shape != log_sd.shape or n.size < 2 or n.min() <= 0 or n.min() == n.max():
        raise ValueError(
            f"n = {n} is not allowed: it must hold numbers > 0, as many as log_sd, two of them different"
        )
    solve = np.linalg.pinv(np.stack([np.log10(n), np.ones(n.size)], axis=1))
    return np.asarray((solve * log_sd**2) @ solve.T)
