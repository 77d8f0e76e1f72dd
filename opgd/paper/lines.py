r"""The lines that Figures 1 and 3 print, lines through our trials, and how far apart they are.

A line is $\log_{10} y = \text{slope} \cdot \log_{10} n + \text{intercept}$, where y is a risk or a stopping
time. Its two numbers are strongly correlated: they are judged together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow import Flow
from opgd.paper.reported import Reported, lookup
from opgd.problem import PowerLaw
from opgd.rates import RateFit, fit_covariance, fit_rate
from opgd.risk import expected_risk

__all__ = [
    "REPETITIONS",
    "PrintedLine",
    "TrialFit",
    "likely_size",
    "mean_log_risk",
    "printed_line",
]

REPETITIONS = 64
"""Data sets that the paper draws for each sample size of Figures 1 and 3."""
WITHIN = 3.84  # a chi-square of one degree of freedom exceeds it in one case of twenty


@dataclass(frozen=True)
class TrialFit:
    """A line through the mean logarithms of trials.

    Attributes
    ----------
    line : RateFit
        The line.
    one : ndarray, shape (2, 2)
        Covariance of (slope, intercept) with a single trial at each sample size.
    repetitions : int
        Number of trials.
    """

    line: RateFit
    one: Array
    repetitions: int

    @classmethod
    def of(cls, n: ArrayLike, logs: ArrayLike) -> TrialFit:
        """Fit a line to trials.

        Parameters
        ----------
        n : array_like, shape (k,)
            Sample sizes.
        logs : array_like, shape (k, repetitions)
            log10 of the trials, at least two for each sample size.

        Returns
        -------
        TrialFit

        Raises
        ------
        ValueError
            If a value is not finite, or the shapes do not fit.

        Examples
        --------
        >>> from opgd.paper.lines import TrialFit
        >>> round(TrialFit.of([10.0, 100.0], [[-1.0, -1.2], [-2.0, -2.2]]).line.slope, 9)
        -1.0
        """
        values = check.array("logs", logs)
        if values.ndim != 2 or values.shape[1] < 2:
            raise ValueError(f"logs of shape {values.shape} are not allowed: it must be (k, r), r >= 2")
        line = fit_rate(n, 10 ** values.mean(axis=1))
        return cls(line, fit_covariance(n, values.std(axis=1, ddof=1)), values.shape[1])

    @property
    def one_run(self) -> Array:
        """Covariance of (slope, intercept) in one run of the paper's protocol, shape (2, 2)."""
        return self.one / REPETITIONS

    @property
    def error(self) -> Array:
        """Covariance of our (slope, intercept), shape (2, 2)."""
        return self.one / self.repetitions


@dataclass(frozen=True)
class PrintedLine:
    """A line of Figure 1 or 3 as printed.

    Attributes
    ----------
    slope, intercept : Reported
        The line.
    """

    slope: Reported
    intercept: Reported

    @property
    def values(self) -> Array:
        """Slope and intercept, shape (2,)."""
        return np.array([self.slope.value, self.intercept.value])

    @property
    def rounding(self) -> Array:
        """Covariance of the errors of rounding, shape (2, 2)."""
        return np.diag([self.slope.unit**2 / 12, self.intercept.unit**2 / 12])

    def predict(self, n: ArrayLike, *, moved: ArrayLike = (0.0, 0.0)) -> Array:
        """Return the line at `n` > 0, its slope and intercept moved by units of their last printed digit."""
        n = check.array("n", n)
        slope, intercept = self.values + np.asarray(moved) * [self.slope.unit, self.intercept.unit]
        return np.asarray(10**intercept * n**slope)

    def distance(self, line: RateFit, covariance: ArrayLike) -> float:
        r"""Return $d^\top \Sigma^{-1} d$, the squared distance of a line from the printed one.

        Parameters
        ----------
        line : RateFit
            The other line.
        covariance : array_like, shape (2, 2)
            $\Sigma$ without the errors of rounding, which are added.

        Returns
        -------
        float

        Examples
        --------
        >>> from opgd import fit_rate
        >>> from opgd.paper.lines import printed_line
        >>> printed = printed_line(1.5, "vanilla_error")
        >>> line = fit_rate([2000, 10_000], printed.predict([2000, 10_000]))
        >>> round(printed.distance(line, [[1e-4, 0], [0, 1e-3]]), 9)
        0.0
        """
        off = np.array([line.slope, line.intercept]) - self.values
        return float(off @ np.linalg.solve(np.asarray(covariance) + self.rounding, off))


def printed_line(gamma: float, curve: str) -> PrintedLine:
    """Return a line that Figure 3 prints (Figure 1 prints the same ones).

    Parameters
    ----------
    gamma : float
        Decay of the eigenvalues, 1.5 or 3.
    curve : str
        "vanilla_error", "vanilla_steps", "opgd_error" or "opgd_steps".

    Returns
    -------
    PrintedLine

    Raises
    ------
    KeyError
        If the paper prints no such line.

    Examples
    --------
    >>> from opgd.paper.lines import printed_line
    >>> printed_line(3, "opgd_steps").values.tolist()
    [0.51, 0.26]
    """
    slope, intercept = (
        lookup("Figure 3", f"gamma={gamma:g} {curve} {part}") for part in ("slope", "intercept")
    )
    return PrintedLine(slope, intercept)


def mean_log_risk(flow: Flow, problems: Sequence[PowerLaw], t: ArrayLike) -> Array:
    r"""Compute the mean of $\log_{10}$ of the risk of trials that all stop at the same time.

    With the exact mean m and standard deviation $\sigma$ of one trial's risk, it is
    $\log_{10} m - \sigma^2 / (2 m^2 \ln 10)$ up to higher moments.

    Parameters
    ----------
    flow : Flow
        The estimator.
    problems : sequence of PowerLaw, length k
        The problems.
    t : array_like, shape (k,)
        The time for each problem.

    Returns
    -------
    ndarray, shape (k,)

    Raises
    ------
    ValueError
        As `expected_risk`.

    Examples
    --------
    >>> from opgd import PowerLaw, VanillaFlow
    >>> from opgd.paper.lines import mean_log_risk
    >>> mean_log_risk(VanillaFlow(), [PowerLaw(1, 2, 1.5, 2000, 10_000)], [80.0]).round(2).tolist()
    [-0.78]
    """
    curves = [expected_risk(flow, problem, at) for problem, at in zip(problems, np.asarray(t), strict=True)]
    return np.array([np.log10(c.mean) - (c.std / c.mean) ** 2 / (2 * np.log(10)) for c in curves])


def likely_size(sizes: ArrayLike, distances: ArrayLike) -> tuple[float, float, float, float]:
    r"""Find the truncation under which a distance is smallest, and a 95 % interval.

    The distance is interpolated by a cubic spline in ln N; the interval holds what lies at most 3.84 above
    the smallest distance.

    Parameters
    ----------
    sizes : array_like, shape (k,)
        Increasing truncations N > 0, at least two.
    distances : array_like, shape (k,)
        The distance at each.

    Returns
    -------
    best, low, high : float
        The likeliest size and the ends of the interval, within the range of `sizes`.
    least : float
        The smallest distance.

    Raises
    ------
    ValueError
        If the sizes do not increase, or the shapes differ.

    Examples
    --------
    >>> from opgd.paper.lines import likely_size
    >>> found = likely_size([10.0, 100.0, 1000.0], [(x - 2) ** 2 * 96 + 5 for x in (1, 2, 3)])
    >>> [round(value) for value in found]
    [100, 63, 158, 5]
    """
    sizes, distances = check.array("sizes", sizes, least=0), check.array("distances", distances)
    if sizes.ndim != 1 or sizes.size < 2 or sizes[0] <= 0 or (np.diff(sizes) <= 0).any():
        raise ValueError(f"sizes = {sizes} is not allowed: it must hold at least two increasing numbers > 0")
    if distances.shape != sizes.shape:
        raise ValueError(f"distances of shape {distances.shape} are not allowed: {sizes.shape} is")
    total = CubicSpline(np.log(sizes), distances)
    fine = np.linspace(math.log(sizes[0]), math.log(sizes[-1]), 20_001)
    values = total(fine)
    inside = np.exp(fine[values <= values.min() + WITHIN])
    return float(np.exp(fine[values.argmin()])), float(inside[0]), float(inside[-1]), float(values.min())
