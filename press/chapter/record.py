"""One number of the paper beside ours, with a verdict: what a chapter notes for the ledger.

A chapter calls `record`; the row travels inside the executed notebook as an output of a private MIME type,
which the pages do not show; `press.evidence.ledger` gathers the rows.
"""

from __future__ import annotations

import math
import sys
from typing import Literal, TypedDict

from press.run import reported
from press.run.outputs import LEDGER

__all__ = ["LIMIT", "Row", "judge", "record"]

LIMIT = 3.0
"""A number matches if it lies within this many standard deviations of the printed one."""


class Row(TypedDict):
    """One number of the paper and ours; `sd` is the denominator of `z`."""

    item: str
    cell: str
    reported: float
    ours: float
    sd: float
    z: float
    verdict: str
    why: str
    chapter: str
    check: str


def judge(ours: float, printed: float, sd: float, error: float, unit: float) -> tuple[float, float]:
    """Compare a number with a printed one.

    Parameters
    ----------
    ours, printed : float
        The two numbers.
    sd : float
        Standard deviation of one run of the paper's protocol.
    error : float
        Error of our own number.
    unit : float
        Unit to which the printed number is rounded.

    Returns
    -------
    z : float
        The difference in units of `total`.
    total : float
        Square root of sd^2 + error^2 + unit^2 / 12.

    Raises
    ------
    ValueError
        If an argument is not finite, a spread is negative, or all spreads are zero.

    Examples
    --------
    >>> z, total = judge(1.0, 0.9, sd=0.05, error=0.0, unit=0.0)
    >>> round(z, 6), total
    (2.0, 0.05)
    """
    for name, value in {"ours": ours, "reported": printed, "sd": sd, "error": error, "unit": unit}.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} = {value} is not finite")
        if name in ("sd", "error", "unit") and value < 0:
            raise ValueError(f"{name} = {value} is negative")
    total = math.sqrt(sd**2 + error**2 + unit**2 / 12)
    if total == 0:
        raise ValueError("sd, error and unit are all zero: nothing to compare with")
    return (ours - printed) / total, total


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
) -> Row:
    """Note a reproduced number for the ledger.

    The verdict is `match` if the number lies within three standard deviations of the printed one;
    otherwise `explained` if the caller says so, and else `unreproduced`.

    Parameters
    ----------
    item : str
        The paper's item, spelled as printed: "Figure 1", "Table 2".
    cell : str
        Which number of it: "gamma=1.5 vanilla_error slope".
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
    if verdict not in (None, "explained"):
        raise ValueError(f"verdict = {verdict!r}; allowed: 'explained' or None")
    if verdict == "explained" and not why.strip():
        raise ValueError(f"{item}, {cell}: verdict 'explained' needs a `why`")
    printed = reported.lookup(item, cell)
    z, total = judge(float(ours), printed.value, float(sd), float(error), printed.unit)
    row = Row(
        item=item,
        cell=cell,
        reported=printed.value,
        ours=float(ours),
        sd=total,
        z=z,
        verdict="match" if abs(z) <= LIMIT else (verdict or "unreproduced"),
        why=why.strip(),
        chapter="",
        check=check,
    )
    if "IPython" in sys.modules:
        from IPython import display, get_ipython

        if get_ipython() is not None:
            text = f"{item}, {cell}: printed {printed}, ours {ours:.4g}, z = {z:.2f}: {row['verdict']}"
            display.display({LEDGER: dict(row), "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]
    return row
