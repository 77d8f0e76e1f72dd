"""One plotting style for the whole book.

Colours are the colour-blind safe set of Okabe and Ito (2008); every series also has its own line
style and marker, so that a figure reads in black and white. Figures have an opaque light background
and therefore look the same in the light and in the dark theme.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from numpy.typing import ArrayLike

__all__ = [
    "COLORS",
    "STYLES",
    "label_end",
    "plain_log_ticks",
    "round_numbers",
    "trials",
    "use_style",
]

COLORS: dict[str, str] = {
    "black": "#000000",
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "yellow": "#E69F00",
    "sky": "#56B4E9",
    "pink": "#CC79A7",
    "gray": "#6B6B6B",
}
"""Okabe-Ito palette by name."""

STYLES: dict[str, dict[str, Any]] = {
    "vanilla": {"color": COLORS["blue"], "linestyle": "-", "marker": "o"},
    "two-layer": {"color": COLORS["orange"], "linestyle": "--", "marker": "s"},
    "theory": {"color": COLORS["gray"], "linestyle": ":", "marker": ""},
    "signal": {"color": COLORS["black"], "linestyle": "", "marker": "_"},
    "upper": {"color": COLORS["green"], "linestyle": "-.", "marker": ""},
    "lower": {"color": COLORS["pink"], "linestyle": (0, (5, 1)), "marker": ""},
    "guide": {  # a line that the data may cover: it is drawn over them, with a white edge
        "color": COLORS["black"],
        "linestyle": (0, (1, 1.5)),
        "marker": "",
        "linewidth": 1.5,
        "zorder": 4,
        "path_effects": [withStroke(linewidth=3.5, foreground="white")],
    },
}
"""Line style of each kind of series that recurs through the book."""


def use_style() -> None:
    """Set matplotlib's parameters to the style of the book.

    Examples
    --------
    >>> from press.chapter import style
    >>> style.use_style()
    """
    plt.rcParams.update(
        {
            "figure.figsize": (7.2, 4.0),
            "figure.dpi": 144,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.constrained_layout.use": True,
            "axes.grid": True,
            "axes.grid.which": "major",
            "grid.color": "#D9D9D9",
            "grid.linewidth": 0.6,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": "medium",
            "axes.labelsize": "medium",
            "axes.prop_cycle": cycler(
                color=[COLORS[c] for c in ("blue", "orange", "green", "pink", "yellow", "sky", "black")]
            )
            + cycler(linestyle=["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), "-"]),
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
            "legend.frameon": False,
            "legend.handlelength": 2.8,
            "font.size": 10.5,
        }
    )


def plain_log_ticks(ax: Axes, axis: Literal["x", "y"], values: Sequence[float]) -> None:
    """Put plain-number tick labels at `values` on a logarithmic axis.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    axis : {"x", "y"}
        Which axis.
    values : sequence of float
        Positions of the ticks, in data units.
    """
    target = ax.xaxis if axis == "x" else ax.yaxis
    target.set_major_locator(FixedLocator(list(values)))
    target.set_major_formatter(FixedFormatter([f"{value:g}" for value in values]))
    target.set_minor_locator(NullLocator())


def label_end(ax: Axes, x: float, y: float, text: str, color: str) -> None:
    """Write `text` just right of the point (x, y), in `color`: a direct label instead of a legend.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x, y : float
        The end of the labelled curve, in data units.
    text : str
        The label.
    color : str
        Colour of the label, that of the curve.
    """
    ax.annotate(
        text,
        (x, y),
        xytext=(5, 0),
        textcoords="offset points",
        color=color,
        va="center",
        annotation_clip=False,
    )


def round_numbers(low: float, high: float) -> list[float]:
    """Choose ticks of a logarithmic axis: 1, 2, 3, 5, 7 times powers of ten, powers alone over decades.

    Parameters
    ----------
    low, high : float
        Ends of the axis, 0 < low < high, in data units.

    Returns
    -------
    list of float
        Numbers from `low` to `high`; the ends themselves where no round number lies between them.

    Examples
    --------
    >>> from press.chapter import style
    >>> style.round_numbers(2000, 10_000), style.round_numbers(20, 3000)
    ([2000, 3000, 5000, 7000, 10000], [100, 1000])
    """
    digits = (1, 2, 3, 5, 7) if high <= 10 * low else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [digit * 10**power if power >= 0 else digit / 10**-power for power in powers for digit in digits]
    return [tick for tick in ticks if low <= tick <= high] or [low, high]


def trials(
    ax: Axes, n: ArrayLike, logs: ArrayLike, line: ArrayLike, *, look: Mapping[str, Any], label: str
) -> None:
    """Draw mean and standard deviation of trials, and a line fitted to them, on logarithmic axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    n : array_like, shape (k,)
        Sample sizes.
    logs : array_like, shape (k, repetitions)
        log10 of the trials.
    line : array_like, shape (k,)
        The fitted line.
    look : mapping
        Colour, line style and marker, as in `STYLES`.
    label : str
        Label of the line in the legend.
    """
    logs = np.asarray(logs)
    mean, sd = logs.mean(axis=1), logs.std(axis=1, ddof=1)
    bars = np.abs(10 ** (mean + [[-1], [1]] * sd) - 10**mean)
    points = {"color": look["color"], "marker": look["marker"], "linestyle": "", "alpha": 0.8}
    ax.errorbar(n, 10**mean, bars, capsize=3, **points)
    ax.plot(n, line, color=look["color"], linestyle=look["linestyle"], label=label)
