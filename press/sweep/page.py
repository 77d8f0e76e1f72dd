"""The page of a sweep: small multiples, one panel for each number that changes, and a table of the points."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from press.chapter import style
from press.site.policy import SINGLE, protect
from press.sweep.grid import Point
from press.sweep.results import quantities, varied
from press.sweep.workers import Outcome

__all__ = ["MOST", "page"]

MOST = 60
"""No more panels than this are drawn; the table holds every number."""

_MARKERS = "osD^vPX*<>dh"
_STYLE = """body { font: 1rem/1.5 system-ui, sans-serif; max-width: 75rem; margin: 0 auto; padding: 1rem;
  color: #1a1a1a; background: #fff; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1rem; }
figure { margin: 0; border: 1px solid #ccc; border-radius: .3rem; padding: .5rem;
  background: #fff; color: #1a1a1a; }
figure img { width: 100%; } .legend { max-width: 40rem; margin-bottom: 1rem; }
  figcaption { font-size: .85rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
td, th { text-align: left; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid #ccc; vertical-align: top; }
td { font-variant-numeric: tabular-nums; } .warning { border-left: .3rem solid #d55e00; padding-left: .8rem; }
@media (prefers-color-scheme: dark) { body { color: #e8e8e8; background: #16191d; } a { color: #8ab4f8; } }"""


def page(chapter: str, profile: str, frame: pd.DataFrame, points: Sequence[Point], outcome: Outcome) -> str:
    """Draw the comparison page of a sweep.

    Parameters
    ----------
    chapter : str
        The chapter's name.
    profile : str
        Name of the profile.
    frame : pandas.DataFrame
        The table, from `press.sweep.results.table`.
    points : sequence of Point
        The points.
    outcome : Outcome
        What became of them.

    Returns
    -------
    str
        HTML that needs no other file, except the notebooks it links to.
    """
    changing, numbers = varied(points), quantities(frame, points)
    axis = _axis(frame, changing)
    others = [name for name in changing if name != axis]
    fixed = [[name, _show(value)] for name, value in points[0].values.items() if name not in changing]
    failed = [
        [*(_show(point.values[name]) for name in changing), outcome.errors[point.key]]
        for point in points
        if point.key in outcome.errors
    ]
    told = f"{len(points)} points, {len(failed)} of them failed; profile {profile}."
    body = [f"<h1>Sweep of the chapter {html.escape(chapter)}</h1>", f"<p>{html.escape(told)}</p>"]
    if profile == "smoke":
        body.append('<p class="warning">A smoke run: these numbers are not at the paper\'s scale.</p>')
    body += ["<h2>The same for all points</h2>", _table(["Parameter", "Value"], fixed)]
    if failed:
        body += ["<h2>Failed points</h2>", _table([*changing, "Error"], failed)]
    if axis is not None and numbers:
        with plt.rc_context():
            style.use_style()
            body += _panels(frame, axis, others, numbers[:MOST])
    if len(numbers) > MOST:
        body.append(f"<p>{len(numbers) - MOST} further results that change are in the table only.</p>")
    body += ["<h2>The points</h2>", _points(frame, points, changing, outcome)]
    title = f"<title>Sweep of {html.escape(chapter)}</title>"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width">{title}'
    inside = "\n".join(body)
    text = (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n'
        f"<body><main>\n{inside}\n</main></body></html>\n"
    )
    return protect(text, SINGLE)


def _axis(frame: pd.DataFrame, changing: Sequence[str]) -> str | None:
    """Choose the horizontal axis: the number with most values, else the first parameter that changes."""
    numeric = [name for name in changing if _is_number(frame[name])]
    by_values = sorted(numeric, key=lambda name: -frame[name].nunique())
    return next(iter([*by_values, *changing]), None)


def _is_number(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "if"


def _panels(frame: pd.DataFrame, axis: str, others: Sequence[str], numbers: Sequence[str]) -> list[str]:
    series = frame.assign(_line=[_label(row, others) for _, row in frame.iterrows()])
    lines = list(dict.fromkeys(series["_line"]))
    by = f", one line for each {' and '.join(others)}" if others else ""
    made = ["<h2>What changes</h2>", '<div class="panels">']
    for number in numbers:
        low, high = frame[number].min(), frame[number].max()
        caption = f"{number} against {axis}{by}."
        alt = f"{caption} The values lie between {low:.4g} and {high:.4g}."
        made.append(_figure(_panel(series, axis, lines, number), alt, caption))
    made.append("</div>")
    if others:
        legend = _figure(
            _legend(lines), f"Legend: {'; '.join(lines)}.", f"The lines: {', '.join(others)}.", "legend"
        )
        made.insert(1, legend)
    return made


def _panel(series: pd.DataFrame, axis: str, lines: Sequence[str], number: str) -> Figure:
    figure = Figure(figsize=(3.6, 2.6))
    ax = figure.subplots()
    numeric = _is_number(series[axis])
    ticks = [] if numeric else list(dict.fromkeys(map(_show, series[axis])))
    for line, look in zip(lines, _styles(len(lines)), strict=True):
        part = series[series["_line"] == line]
        if numeric:
            part = part.sort_values(axis, kind="stable")
            x = part[axis].to_numpy(dtype=float)
        else:
            x = np.array([ticks.index(_show(value)) for value in part[axis]], dtype=float)
        ax.plot(x, part[number].to_numpy(dtype=float), **look)
    ax.set(xlabel=axis, ylabel=_ending(number))
    if numeric and _wide(series[axis].to_numpy(dtype=float), 20):
        ax.set_xscale("log")
    if _wide(series[number].dropna().to_numpy(dtype=float), 50):
        ax.set_yscale("log")
    if not numeric:
        ax.set_xticks(range(len(ticks)), [tick if len(tick) < 14 else tick[:12] + "…" for tick in ticks])
    return figure


def _legend(lines: Sequence[str]) -> Figure:
    figure = Figure(figsize=(7.2, 0.35 + 0.22 * ((len(lines) + 2) // 3)))
    for line, look in zip(lines, _styles(len(lines)), strict=True):
        figure.gca().plot([], [], label=line, **look)
    figure.gca().set_axis_off()
    figure.legend(*figure.gca().get_legend_handles_labels(), loc="center", ncols=3, fontsize="small")
    return figure


def _styles(count: int) -> list[dict[str, Any]]:
    """Colour, line style and marker of each line; no two are equal for up to 84 lines."""
    cycle = list(plt.rcParams["axes.prop_cycle"])
    return [
        {**cycle[i % len(cycle)], "marker": _MARKERS[i % len(_MARKERS)], "linewidth": 1.2}
        for i in range(count)
    ]


def _wide(values: np.ndarray[Any, Any], ratio: float) -> bool:
    """Whether values call for a logarithmic axis."""
    return bool(
        values.size > 1
        and values.min() > 0
        and np.isfinite(values).all()
        and values.max() > ratio * values.min()
    )


def _figure(figure: Figure, alt: str, caption: str, kind: str = "panel") -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<figure class="{kind}"><img src="data:image/png;base64,{data}" alt="{html.escape(alt)}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def _points(frame: pd.DataFrame, points: Sequence[Point], changing: Sequence[str], outcome: Outcome) -> str:
    rows = []
    for point in points:
        folder = "failed" if point.key in outcome.errors else "points"
        link = f'<a href="{folder}/{point.key}.ipynb">{point.key[:8]}</a>'
        rows.append([*(html.escape(_show(point.values[name])) for name in changing), link])
    return _table([*changing, "Notebook"], rows, escape=False)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], *, escape: bool = True) -> str:
    def text(cell: str) -> str:
        return html.escape(cell) if escape else cell

    top = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in header)
    lines = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return f'<div class="wide"><table><tr>{top}</tr>\n{lines}</table></div>'


def _label(row: pd.Series[Any], others: Sequence[str]) -> str:
    return ", ".join(f"{name} = {_show(row[name])}" for name in others)


def _show(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:g}"
    return json.dumps(value) if isinstance(value, list) else str(value)


def _ending(number: str) -> str:
    """A name that fits beside a small panel: its end says most."""
    return number if len(number) <= 26 else "…" + number[-25:]
