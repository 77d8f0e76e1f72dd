"""Two pictures, and what they show in words: the distances of the ledger, and how time grows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from press.chapter.record import LIMIT, Row
from press.evidence.growth import exponents
from press.run.environment import interpreter, versions
from press.run.key import digest, imported
from press.run.project import HOME

__all__ = ["describe_growth", "describe_ledger", "draw_growth", "draw_ledger", "made_of"]

_VERDICTS = {
    "match": {"color": "blue", "marker": "o"},
    "explained": {"color": "orange", "marker": "s"},
    "unreproduced": {"color": "black", "marker": "X"},
}
_FUNCTIONS = {
    "estimate": {"color": "blue", "marker": "o", "linestyle": "-"},
    "expected_risk": {"color": "orange", "marker": "s", "linestyle": "--"},
    "monte_carlo_risk": {"color": "green", "marker": "^", "linestyle": "-."},
    "sure": {"color": "pink", "marker": "D", "linestyle": ":"},
}
_PANELS = {"N": "number of components", "times": "number of times"}


def made_of(rows: Sequence[Any]) -> str:
    """Identify what a picture is made of: its rows, the code that draws, and the versions of packages."""
    code = imported(HOME, {"press.pages.pictures"})
    return digest(json.dumps([rows, code, interpreter(), versions()]).encode())


@contextmanager
def _saved(path: Path, source: str, *shape: int, **options: Any) -> Iterator[tuple[Any, Any]]:
    """A figure and its axes in the book's style; afterwards it is a PNG file, and settings are as before."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    from press.chapter import style

    with plt.rc_context():
        style.use_style()
        fig, axes = plt.subplots(*shape, **options)
        yield fig, axes
        fig.savefig(path, metadata={"Software": None, "Source": source})
        plt.close(fig)


def draw_ledger(rows: Sequence[Row], path: Path) -> None:
    """Draw the distance `z` of every number, grouped by item; there is at least one."""
    from press.chapter import style

    source, rows = made_of(rows), sorted(rows, key=lambda row: (row["item"], row["cell"]))
    with _saved(path, source, figsize=(8.2, 4.2)) as (_, ax):
        ax.axhspan(-LIMIT, LIMIT, color="0.92", linewidth=0)
        ax.axhline(0, color=style.COLORS["gray"], linewidth=1)
        for verdict, mark in _VERDICTS.items():
            found = [(x, row["z"]) for x, row in enumerate(rows) if row["verdict"] == verdict]
            if found:
                look: dict[str, Any] = {"color": style.COLORS[mark["color"]], "marker": mark["marker"]}
                xs, zs = zip(*found, strict=True)
                label = f"{verdict}: {len(xs)}"
                ax.errorbar(xs, zs, 1, linestyle="", elinewidth=0.8, markersize=4, label=label, **look)
        begin = 0
        for item, count in Counter(row["item"] for row in rows).items():
            if begin:
                ax.axvline(begin - 0.5, color=style.COLORS["gray"], linewidth=0.6)
            ax.text(
                begin + count / 2 - 0.5, -0.03, item, rotation=60 if count < 20 else 0, fontsize="small",
                ha="right" if count < 20 else "center", va="top", transform=ax.get_xaxis_transform(),
            )  # fmt: skip
            begin += count
        ax.set_yscale("symlog", linthresh=LIMIT, linscale=1.5)
        top = 1.2 * max(2 * LIMIT, *(abs(row["z"]) for row in rows))
        style.plain_log_ticks(ax, "y", [t for t in (-100, -30, -10, -3, 0, 3, 10, 30, 100) if abs(t) < top])
        ax.set(ylim=(-top, top), xlim=(-1, len(rows)), xticks=[], ylabel="(ours − printed) / spread")
        ax.grid(visible=False, axis="x")
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize="small", ncols=3)


def describe_ledger(rows: Sequence[Row]) -> str:
    """Say in words what the picture of the ledger shows."""
    inside = sum(abs(row["z"]) <= LIMIT for row in rows)
    far = max(rows, key=lambda row: abs(row["z"]))
    items = ", ".join(f"{item} ({count})" for item, count in sorted(Counter(r["item"] for r in rows).items()))
    return (
        f"Difference of ours and the printed number in units of its spread, for {len(rows)} numbers of "
        f"{items}. {inside} lie inside the shaded band of plus or minus {LIMIT:g}; the farthest, "
        f"{far['item']}, {far['cell']}, is at {far['z']:+.1f}."
    )


def draw_growth(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the times of the part `growth` of a report against the number of components and of times."""
    from press.chapter import style

    gray = {"color": style.COLORS["gray"], "linewidth": 0.7, "marker": ""}
    with _saved(path, made_of(rows), 1, 2, figsize=(8.2, 3.6), sharey=True) as (fig, panels):
        for ax, (variable, label) in zip(panels, _PANELS.items(), strict=True):
            own = [row for row in rows if row["variable"] == variable and "cpu" in row]
            for function, mark in _FUNCTIONS.items():
                points = [(row["value"], row["cpu"]) for row in own if row["function"] == function]
                if points:
                    look: dict[str, Any] = mark | {"color": style.COLORS[mark["color"]]}
                    ax.plot(*zip(*points, strict=True), label=function, **look)
            if own:
                values = [row["value"] for row in own]
                ends, low = (min(values), max(values)), min(row["cpu"] for row in own)
                ax.plot(ends, [low, low * ends[1] / ends[0]], **gray)
            ax.set(xscale="log", yscale="log", xlabel=label)
        panels[0].set_ylabel("CPU time of one call (s)")
        shown = {
            label: line for ax in panels for line, label in zip(*ax.get_legend_handles_labels(), strict=True)
        }
        fig.legend(shown.values(), shown.keys(), loc="outside upper center", ncols=4, fontsize="small")


def describe_growth(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say in words what the picture of the growth shows."""
    slopes = [
        f"{e.function} grows with {_PANELS[e.variable]} like the power {e.time.slope:.2f}"
        for e in exponents(rows)
        if e.variable in _PANELS and e.time is not None
    ]
    return "Two panels of CPU time against size, both axes logarithmic. " + "; ".join(slopes) + "."
