"""Numbers of the paper beside ours, with a verdict: what a chapter notes for the ledger.

A chapter calls `record`, or `record_fit` for the numbers of one fit; the rows travel inside the executed
notebook as outputs of a private MIME type, which the pages do not show; `press.evidence.ledger` gathers them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, get_args

from press.run import reported
from press.run.outputs import LEDGER

__all__ = ["LIMIT", "Kind", "Row", "judge", "largest_distance", "record", "record_fit"]

LIMIT = 3.0
"""A number matches if it lies within this many standard deviations of the printed one."""
Kind = Literal["prediction", "fitted", "identity", "repeated"]
"""What a match says: ours was computed without looking at the printed number; a setting was chosen to fit it;
it holds under any setting; the paper prints the number a second time."""


class Row(TypedDict):
    """One number of the paper and ours.

    `sd` is the denominator of `z`; `covariance` is that of our number with each number of its `fit`, itself
    included, before rounding; `distance` is the squared distance of the whole fit, by which it is judged.
    """

    item: str
    cell: str
    fit: str
    kind: Kind
    reported: float
    ours: float
    sd: float
    z: float
    covariance: dict[str, float]
    distance: float
    verdict: str
    why: str
    chapter: str
    check: str


def largest_distance(numbers: int) -> float:
    """Return the squared distance up to which a fit of some numbers matches.

    Parameters
    ----------
    numbers : int
        How many numbers are judged together, >= 1.

    Returns
    -------
    float
        The quantile of chi-square with that many degrees of freedom that leaves out what lies beyond `LIMIT`
        standard deviations of one normal variable, 0.27 %.

    Examples
    --------
    >>> [round(largest_distance(numbers), 2) for numbers in (1, 2)]
    [9.0, 11.83]
    """
    from scipy.special import chdtri

    return float(chdtri(numbers, math.erfc(LIMIT / math.sqrt(2))))


def judge(
    ours: Sequence[float], printed: Sequence[float], covariance: Any, units: Sequence[float]
) -> tuple[list[float], list[float], float]:
    r"""Compare the k numbers of one fit with the printed ones.

    Parameters
    ----------
    ours, printed : sequence of float, length k
        The numbers.
    covariance : array_like, shape (k, k)
        Covariance of our numbers and one run of the paper's protocol.
    units : sequence of float, length k
        Units to which the printed numbers are rounded; unit^2 / 12 is added to each variance.

    Returns
    -------
    z, spreads : list of float
        The differences, each in units of its own spread, and these.
    distance : float
        $d^\top \Sigma^{-1} d$, the squared distance of all.

    Raises
    ------
    ValueError
        If a number is not finite, a unit is negative, or the sum is no covariance.

    Examples
    --------
    >>> judge([1.0], [0.9], [[0.05**2]], [0.0])[1]
    [0.05]
    >>> _, _, distance = judge([1.0, 1.0], [0.9, 1.1], [[0.02, 0.01], [0.01, 0.02]], [0.0, 0.0])
    >>> round(distance, 9)
    2.0
    """
    import numpy as np

    total = np.asarray(covariance, dtype=float)
    off = np.asarray(ours, dtype=float) - np.asarray(printed, dtype=float)
    for name, values in {"ours": ours, "reported": printed, "covariance": total, "units": units}.items():
        if not np.isfinite(np.asarray(values, dtype=float)).all():
            raise ValueError(f"{name} = {values} is not finite")
    if min(units) < 0:
        raise ValueError(f"units = {units} must not be negative")
    if total.shape != (off.size, off.size):
        raise ValueError(f"covariance of shape {total.shape} is not allowed: {(off.size, off.size)} is")
    if not np.allclose(total, total.T, rtol=1e-9, atol=0) or total.diagonal().min() < 0:
        raise ValueError(f"covariance = {total.tolist()} must be symmetric, with variances >= 0")
    total = total + np.diag(np.square(np.asarray(units, dtype=float)) / 12)
    try:
        scaled = np.linalg.solve(np.linalg.cholesky(total), off)
    except np.linalg.LinAlgError:
        raise ValueError(
            f"covariance and units: their sum {total.tolist()} is singular or no covariance"
        ) from None
    spreads = np.sqrt(total.diagonal())
    return (off / spreads).tolist(), spreads.tolist(), float(scaled @ scaled)


def record(
    item: str,
    cell: str,
    ours: float,
    *,
    sd: float,
    check: str,
    error: float = 0.0,
    why: str = "",
    verdict: Literal["explained"] | None = None,
    kind: Kind = "prediction",
) -> Row:
    """Note a reproduced number for the ledger.

    The verdict is `match` if the number lies within three standard deviations of the printed one;
    otherwise `explained` if the caller says so, and else `unreproduced`.

    Parameters
    ----------
    item : str
        The paper's item, spelled as printed: "Figure 1", "Table 2".
    cell : str
        Which number of it: "gamma=2 p=1 q=1".
    ours : float
        Our number.
    sd : float
        Standard deviation of one run of the paper's protocol.
    check : str
        The pytest node that proves the row: "tests/opgd/risk/test_curve.py::test_figure1".
    error : float
        Error of our own number.
    why : str
        For a number that does not match: which setting reproduces the printed value (explained), or
        what was tried (unreproduced). Rows that do not match at the default scale need it.
    verdict : "explained", optional
        Given when `why` explains a difference.
    kind : {"prediction", "fitted", "identity", "repeated"}
        What a match says (`Kind`).

    Returns
    -------
    Row
        The row, without the chapter's name, which is filled in by `collect`.

    Raises
    ------
    ValueError
        If a number is not finite, a spread is negative, or an explanation is announced but missing.
    KeyError
        If the paper prints no such number.
    """
    for name, value in {"sd": sd, "error": error}.items():
        if not value >= 0:
            raise ValueError(f"{name} = {value} must be >= 0")
    covariance = [[sd**2 + error**2]]
    options: dict[str, Any] = {"check": check, "why": why, "verdict": verdict, "kind": kind}
    (row,) = _record(item, cell, {cell: ours}, covariance, **options)
    return row


def record_fit(
    item: str,
    fit: str,
    numbers: Mapping[str, float],
    *,
    covariance: Any,
    check: str,
    why: str = "",
    verdict: Literal["explained"] | None = None,
    kind: Kind = "prediction",
) -> list[Row]:
    r"""Note the numbers of one fit, such as slope and intercept, which are judged together.

    They match if their squared distance $d^\top \Sigma^{-1} d$ from the printed ones is at most
    `largest_distance`, where $\Sigma$ is `covariance` and what rounding adds to it. All get the same verdict.

    Parameters
    ----------
    item : str
        As for `record`.
    fit : str
        Name of the fit: what the cells are called before the name of the number, "gamma=1.5 vanilla_error".
    numbers : mapping of str to float, length k
        Our numbers by their names, {"slope": -0.37, "intercept": 0.28}.
    covariance : array_like, shape (k, k)
        Covariance of one run of the paper's protocol plus that of our own numbers' errors.
    check, why, verdict, kind
        As for `record`.

    Returns
    -------
    list of Row
        A row for each number.

    Raises
    ------
    ValueError
        If a number is not finite, the covariance is none, or an explanation is announced but missing.
    KeyError
        If the paper prints no such number.
    """
    cells = {f"{fit} {name}": ours for name, ours in numbers.items()}
    return _record(item, fit, cells, covariance, check=check, why=why, verdict=verdict, kind=kind)


def _record(
    item: str,
    fit: str,
    cells: Mapping[str, float],
    covariance: Any,
    *,
    check: str,
    why: str,
    verdict: Literal["explained"] | None,
    kind: Kind,
) -> list[Row]:
    """Judge the numbers of one fit, show them, and return their rows."""
    why = why.strip()
    for name, value, allowed in (
        ("verdict", verdict, (None, "explained")),
        ("kind", kind, get_args(Kind)),
    ):
        if value not in allowed:
            raise ValueError(f"{name} = {value!r}; allowed: {', '.join(map(repr, allowed))}")
    if verdict == "explained" and not why:
        raise ValueError(f"{item}, {fit}: verdict 'explained' needs a `why`")
    printed = [reported.lookup(item, cell) for cell in cells]
    numbers = [float(ours) for ours in cells.values()]
    scores, spreads, distance = judge(
        numbers, [one.value for one in printed], covariance, [one.unit for one in printed]
    )
    final = "match" if distance <= largest_distance(len(cells)) else (verdict or "unreproduced")
    rows = []
    for i, cell in enumerate(cells):
        row = Row(
            item=item,
            cell=cell,
            fit=fit,
            kind=kind,
            reported=printed[i].value,
            ours=numbers[i],
            sd=spreads[i],
            z=scores[i],
            covariance={other: float(covariance[i][k]) for k, other in enumerate(cells)},
            distance=distance,
            verdict=final,
            why=why,
            chapter="",
            check=check,
        )
        rows.append(row)
        text = f"{item}, {cell}: printed {printed[i]}, ours {numbers[i]:.4g}, z = {scores[i]:.2f}: {final}"
        _show(row, text)
    return rows


def _show(row: Row, text: str) -> None:
    """Put a row into the output of the running cell, if there is one."""
    if "IPython" in sys.modules:
        from IPython import display, get_ipython

        if get_ipython() is not None:
            display.display({LEDGER: dict(row), "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]
