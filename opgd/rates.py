"""Rates of convergence: a line through the logarithms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from opgd import _validate as check
from opgd._validate import Array

__all__ = ["RateFit", "fit_rate"]


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
        """Return the fitted value at `n`, on the original scale."""
        return np.asarray(10 ** (self.intercept + self.slope * np.log10(check.array("n", n))))


def fit_rate(n: ArrayLike, error: ArrayLike) -> RateFit:
    """Fit a power law to errors (or stopping times) by least squares in log10-log10, as the paper's legends do.

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
            raise ValueError(f"{name} = {value} is not allowed: it must hold at least two numbers > 0 along one axis")
    if n.shape != error.shape or n.min() == n.max():
        raise ValueError(f"n = {n} is not allowed: it must hold as many values as error, at least two different")
    fit = stats.linregress(np.log10(n), np.log10(error))
    two = n.size == 2
    return RateFit(
        float(fit.slope),
        float(fit.intercept),
        0.0 if two else float(fit.stderr),
        0.0 if two else float(fit.intercept_stderr),
    )
