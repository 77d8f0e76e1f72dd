"""How time and memory grow: exponents of the measured points, and their picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opgd import RateFit, fit_rate

__all__ = ["Growth", "describe", "draw", "exponents"]

Row = Mapping[str, Any]
_MARKS = {
    "estimate": {"color": "blue", "marker": "o", "linestyle": "-"},
    "expected_risk": {"color": "orange", "marker": "s", "linestyle": "--"},
    "monte_carlo_risk": {"color": "green", "marker": "^", "linestyle": "-."},
    "sure": {"color": "pink", "marker": "D", "linestyle": ":"},
}
_PANELS = {"N": "number of components", "times": "number of times"}


@dataclass(frozen=True)
class Growth:
    """How one function grows with one variable.

    Attributes
    ----------
    function, variable : str
        Which.
    first, last : int
        Range of the values measured.
    left_out : str
        Why larger values were not measured; empty if all were.
    cpu, mib : float
        Seconds of CPU time and peak memory (in MiB) of the call at the last value.
    time, memory : RateFit or None
        Fits of both over the upper half of the values; None if there are fewer than three, and at depth,
        where the range is too short.
    """

    function: str
    variable: str
    first: int
    last: int
    left_out: str
    cpu: float
    mib: float
    time: RateFit | None
    memory: RateFit | None


def exponents(rows: Sequence[Row]) -> list[Growth]:
    """Fit the growth of each function with each variable.

    Parameters
    ----------
    rows : sequence of mapping
        The part `growth` of a report.

    Returns
    -------
    list of Growth

    Examples
    --------
    >>> from press.pages.growth import exponents
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
                fit_rate(values, [row["cpu"] for row in upper]) if fits else None,
                fit_rate(values, [row["mib"] for row in upper]) if fits else None,
            )
        )
    return found


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw the times against the number of components and of times into a PNG file.

    Parameters
    ----------
    rows : sequence of mapping
        The part `growth` of a report.
    path : pathlib.Path
        Where the picture goes.
    """
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    from press.chapter import style as plotting

    with plt.rc_context():
        plotting.use_style()
        fig, panels = plt.subplots(1, 2, figsize=(8.2, 3.6), sharey=True)
        for ax, (variable, label) in zip(panels, _PANELS.items(), strict=True):
            for function, mark in _MARKS.items():
                points = _points(rows, function, variable)
                if points:
                    style: dict[str, Any] = mark | {"color": plotting.COLORS[mark["color"]]}
                    ax.plot(*zip(*points, strict=True), label=function, **style)
            ends = [row["value"] for row in rows if row["variable"] == variable and "cpu" in row]
            if ends:
                low = min(row["cpu"] for row in rows if row["variable"] == variable and "cpu" in row)
                line = [min(ends), max(ends)]
                ax.plot(
                    line,
                    [low, low * line[1] / line[0]],
                    color=plotting.COLORS["gray"],
                    linewidth=0.7,
                    marker="",
                )
            ax.set(xscale="log", yscale="log", xlabel=label)
        panels[0].set_ylabel("CPU time of one call (s)")
        shown = {
            label: line for ax in panels for line, label in zip(*ax.get_legend_handles_labels(), strict=True)
        }
        fig.legend(shown.values(), shown.keys(), loc="outside upper center", ncols=4, fontsize="small")
        fig.savefig(path, metadata={"Software": None})
        plt.close(fig)


def describe(rows: Sequence[Row]) -> str:
    """Say in words what the picture shows.

    Parameters
    ----------
    rows : sequence of mapping
        The part `growth` of a report.

    Returns
    -------
    str
        The picture's alternative text.
    """
    told = [
        f"{e.function} grows with {_PANELS[e.variable]} like the power {e.time.slope:.2f}"
        for e in exponents(rows)
        if e.variable in _PANELS and e.time is not None
    ]
    return "Two panels of CPU time against size, both axes logarithmic. " + "; ".join(told) + "."


def _points(rows: Sequence[Row], function: str, variable: str) -> list[tuple[float, float]]:
    return [
        (row["value"], row["cpu"])
        for row in rows
        if (row["function"], row["variable"]) == (function, variable) and "cpu" in row
    ]
