"""How time and memory grow: exponents of the measured points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Exponent", "Growth", "exponents"]

Row = Mapping[str, Any]


class Exponent(NamedTuple):
    """The slope of a line through logarithms, and its standard error."""

    slope: float
    slope_stderr: float


@dataclass(frozen=True)
class Growth:
    """How one function grows with one variable, over the range of values measured.

    `left_out` says why larger values were not measured, if they were not. `cpu` and `mib` are the seconds and
    the peak memory of the call at the last value; `time` and `memory` fit both over the upper half of the
    values, and are None if there are fewer than three, and at depth, where the range is too short.
    """

    function: str
    variable: str
    first: int
    last: int
    left_out: str
    cpu: float
    mib: float
    time: Exponent | None
    memory: Exponent | None


def exponents(rows: Sequence[Row]) -> list[Growth]:
    """Fit the growth of each function with each variable: rows are the part `growth` of a report.

    >>> from press.evidence.growth import exponents
    >>> points = [{"value": 10**k, "cpu": 2.0 * 10**k, "mib": 5.0} for k in range(5)]
    >>> (found,) = exponents([{"function": "estimate", "variable": "N", **point} for point in points])
    >>> round(found.time.slope, 6), round(found.memory.slope, 6)
    (1.0, 0.0)
    """
    found = []
    for function, variable in dict.fromkeys((row["function"], row["variable"]) for row in rows):
        own = [row for row in rows if (row["function"], row["variable"]) == (function, variable)]
        points = [row for row in own if "cpu" in row]
        if not points:
            continue
        left_out = next((row["left_out"] for row in own if "left_out" in row), "")
        upper = [row for row in points if row["value"] > 0][-max(3, (len(points) + 1) // 2) :]
        fits = len(upper) >= 3 and variable != "D"
        values = [row["value"] for row in upper]
        found.append(
            Growth(
                function,
                variable,
                points[0]["value"],
                points[-1]["value"],
                left_out,
                points[-1]["cpu"],
                points[-1]["mib"],
                _fit(values, [row["cpu"] for row in upper]) if fits else None,
                _fit(values, [row["mib"] for row in upper]) if fits else None,
            )
        )
    return found


def _fit(values: Sequence[float], found: Sequence[float]) -> Exponent:
    """Fit a power of the values by least squares."""
    (slope, _), covariance = np.polyfit(np.log(values), np.log(found), 1, cov=True)
    return Exponent(float(slope), float(np.sqrt(covariance[0, 0])))
