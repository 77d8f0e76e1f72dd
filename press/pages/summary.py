"""One picture of the ledger: how far each number of ours is from the printed one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from press.chapter.record import LIMIT, Row

__all__ = ["describe", "draw"]

_MARKS = {
    "match": {"color": "blue", "marker": "o"},
    "explained": {"color": "orange", "marker": "s"},
    "unreproduced": {"color": "black", "marker": "X"},
}


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw the distance `z` of every number, grouped by item, into a PNG file.

    Parameters
    ----------
    rows : sequence of Row
        The ledger; at least one row.
    path : pathlib.Path
        Where the picture goes.
    """
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    from press.chapter import style as plotting

    rows = sorted(rows, key=lambda row: (row["item"], row["cell"]))
    with plt.rc_context():
        plotting.use_style()
        fig, ax = plt.subplots(figsize=(8.2, 4.2))
        ax.axhspan(-LIMIT, LIMIT, color="0.92", linewidth=0)
        ax.axhline(0, color=plotting.COLORS["gray"], linewidth=1)
        for verdict, mark in _MARKS.items():
            found = [(x, row["z"]) for x, row in enumerate(rows) if row["verdict"] == verdict]
            if found:
                style: dict[str, Any] = {"color": plotting.COLORS[mark["color"]], "marker": mark["marker"]}
                xs, zs = zip(*found, strict=True)
                label = f"{verdict}: {len(xs)}"
                ax.errorbar(xs, zs, 1, linestyle="", elinewidth=0.8, markersize=4, label=label, **style)
        begin = 0
        for item, count in Counter(row["item"] for row in rows).items():
            if begin:
                ax.axvline(begin - 0.5, color=plotting.COLORS["gray"], linewidth=0.6)
            ax.text(
                begin + count / 2 - 0.5, -0.03, item, rotation=60 if count < 20 else 0, fontsize="small",
                ha="right" if count < 20 else "center", va="top", transform=ax.get_xaxis_transform(),
            )  # fmt: skip
            begin += count
        ax.set_yscale("symlog", linthresh=LIMIT, linscale=1.5)
        top = 1.2 * max(2 * LIMIT, *(abs(row["z"]) for row in rows))
        plotting.plain_log_ticks(
            ax, "y", [t for t in (-100, -30, -10, -3, 0, 3, 10, 30, 100) if abs(t) < top]
        )
        ax.set(ylim=(-top, top), xlim=(-1, len(rows)), xticks=[], ylabel="(ours − printed) / spread")
        ax.grid(visible=False, axis="x")
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize="small", ncols=3)
        fig.savefig(path, metadata={"Software": None})
        plt.close(fig)


def describe(rows: Sequence[Row]) -> str:
    """Say in words what the picture shows.

    Parameters
    ----------
    rows : sequence of Row
        The ledger; at least one row.

    Returns
    -------
    str
        The picture's alternative text.
    """
    inside = sum(abs(row["z"]) <= LIMIT for row in rows)
    far = max(rows, key=lambda row: abs(row["z"]))
    items = ", ".join(f"{item} ({count})" for item, count in sorted(Counter(r["item"] for r in rows).items()))
    return (
        f"Difference of ours and the printed number in units of its spread, for {len(rows)} numbers of "
        f"{items}. {inside} lie inside the shaded band of plus or minus {LIMIT:g}; the farthest, "
        f"{far['item']}, {far['cell']}, is at {far['z']:+.1f}."
    )
