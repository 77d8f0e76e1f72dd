r"""Trials that may not run longer than a limit, and how far their lines are from several printed ones.

Risk and stopping time of a trial depend on each other, so the lines through both are judged together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.linalg import block_diag

from opgd import _validate as check
from opgd._validate import Array
from opgd.paper.lines import REPETITIONS, PrintedLine
from opgd.stopping import trial_stopping

__all__ = ["joint_distance", "stopped_by"]


def stopped_by(t: ArrayLike, risks: ArrayLike, limits: ArrayLike) -> tuple[Array, Array]:
    r"""Stop each trial at its best time or at a limit, whichever comes first.

    The risk at the limit is interpolated by a cubic spline of its logarithm in $\ln t$.

    Parameters
    ----------
    t : array_like, shape (k,)
        Increasing flow times > 0, at least four.
    risks : array_like, shape (repetitions, k)
        Risk of each trial at `t`, > 0.
    limits : array_like, shape (l,)
        Limits on the time, > 0.

    Returns
    -------
    log_t, log_risk : ndarray, shape (l, repetitions)
        log10 of stopping time and risk; NaN where the limit lies before the first time.

    Raises
    ------
    ValueError
        If `t` does not increase, the shapes do not fit, or a limit is not positive.

    Examples
    --------
    >>> from opgd.paper.limits import stopped_by
    >>> log_t, log_risk = stopped_by([0.1, 1.0, 10.0, 100.0], [[1.0, 0.1, 0.01, 0.1]], [1.0, 1000.0])
    >>> log_t.round(9).tolist(), log_risk.round(9).tolist()
    ([[0.0], [1.0]], [[-1.0], [-2.0]])
    """
    t, risks, limits = (
        check.array(*pair, least=0) for pair in (("t", t), ("risks", risks), ("limits", limits))
    )
    if limits.ndim != 1 or not (limits > 0).all():
        raise ValueError(f"limits = {limits} is not allowed: it must hold numbers > 0 along one axis")
    best, lowest = (np.log10(values) for values in trial_stopping(t, risks, ends=True))
    log_limits = np.log10(limits)[:, None]
    there = CubicSpline(np.log10(t), np.log10(risks), axis=1, extrapolate=False)(log_limits[:, 0]).T
    late = best > log_limits
    known = np.where(log_limits >= np.log10(t[0]), log_limits, np.nan)
    return np.where(late, known, best), np.where(late, there, lowest)


def joint_distance(printed: Sequence[PrintedLine], n: ArrayLike, logs: Sequence[ArrayLike]) -> float:
    r"""Compute the squared distance of lines through the same trials from printed lines, all together.

    It is $d^\top \Sigma^{-1} d$ with the covariance of one run of the paper's protocol, our own error, and
    rounding; under the right settings it has a chi-square distribution with two degrees of freedom a line.

    Parameters
    ----------
    printed : sequence of PrintedLine, length m
        The printed lines.
    n : array_like, shape (k,)
        Sample sizes.
    logs : sequence of array_like, shape (k, repetitions), length m
        log10 of what each line describes, of the same trials.

    Returns
    -------
    float
        The distance; infinite if a log is NaN.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from opgd.paper.limits import joint_distance
    >>> from opgd.paper.lines import printed_line
    >>> n, line = np.array([2000.0, 10_000.0]), printed_line(1.5, "vanilla_error")
    >>> logs = np.log10(line.predict(n))[:, None] + [[-0.01, 0.01], [0.01, -0.01]]
    >>> round(joint_distance([line], n, [logs]), 9)
    0.0
    """
    n, values = check.array("n", n), np.array(logs, dtype=float)
    if values.ndim != 3 or values.shape[:2] != (len(printed), n.size) or values.shape[2] < 2:
        raise ValueError(
            f"logs of shape {values.shape} are not allowed: it must be ({len(printed)}, {n.size}, r), r >= 2"
        )
    if not np.isfinite(values).all():
        return float("inf")
    solve = np.linalg.pinv(np.stack([np.log10(n), np.ones(n.size)], axis=1))
    off = (values.mean(axis=2) @ solve.T).ravel() - np.concatenate([line.values for line in printed])
    one = sum(np.kron(np.cov(values[:, i]), np.outer(solve[:, i], solve[:, i])) for i in range(n.size))
    total = one * (1 / REPETITIONS + 1 / values.shape[2]) + block_diag(*(line.rounding for line in printed))
    return float(off @ np.linalg.solve(total, off))
