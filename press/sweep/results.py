"""The table of a sweep: one row a point, its parameters and what the chapter found there."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from press.evidence.results import Result, results
from press.run.disk.files import write_atomically
from press.run.parameters import Value
from press.sweep.grid import Point
from press.sweep.workers import Outcome

__all__ = ["quantities", "table", "varied", "write_table"]


def table(points: Sequence[Point], outcome: Outcome) -> pd.DataFrame:
    """Collect the results of a sweep.

    Parameters
    ----------
    points : sequence of Point
        The points, in the order of the rows.
    outcome : Outcome
        What became of them.

    Returns
    -------
    pandas.DataFrame
        Columns `point` (the key), every parameter, every result (`press.evidence.results`; numbers as
        floating-point numbers, everything else as text) and `error`, the first line of what went wrong.
        Nothing in it depends on the machine, the order of execution or the time.
    """
    found: dict[str, dict[str, Result]] = {}
    for point in points:
        notebook = outcome.notebooks.get(point.key)
        found[point.key] = {} if notebook is None else results(notebook)
    columns: dict[str, object] = {"point": [point.key for point in points]}
    columns |= {name: _whole([point.values[name] for point in points]) for name in points[0].values}
    for name in dict.fromkeys(name for values in found.values() for name in values):
        columns[name] = _column([values.get(name) for values in found.values()])
    columns["error"] = [outcome.errors.get(point.key, "").partition("\n")[0] for point in points]
    return pd.DataFrame(columns)


def varied(points: Sequence[Point]) -> list[str]:
    """Return the parameters that differ between points.

    Parameters
    ----------
    points : sequence of Point
        Those of a sweep.

    Returns
    -------
    list of str
    """
    names = points[0].values
    return [name for name in names if len({json.dumps(point.values[name]) for point in points}) > 1]


def quantities(frame: pd.DataFrame, points: Sequence[Point]) -> list[str]:
    """Return the numerical results that differ between points.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `table`.
    points : sequence of Point
        Its points.

    Returns
    -------
    list of str
    """
    names = [name for name in frame.columns if name not in {"point", "error", *points[0].values}]
    return [name for name in names if frame[name].dtype == float and frame[name].nunique() > 1]


def write_table(frame: pd.DataFrame, directory: Path) -> None:
    """Write `table.parquet` (with types) and `table.csv` (lists as JSON, every digit).

    Parameters
    ----------
    frame : pandas.DataFrame
        From `table`.
    directory : pathlib.Path
        Where to write.
    """
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    write_atomically(directory / "table.parquet", buffer.getvalue())
    plain = frame.map(lambda value: json.dumps(value) if isinstance(value, list) else value)
    write_atomically(directory / "table.csv", plain.to_csv(index=False, lineterminator="\n"))


def _whole(values: list[Value]) -> list[Value] | list[str]:
    """Keep a parameter's values; if an integer is too long for a column of integers, all become text."""
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    fits = all(not isinstance(item, int) or -(2**63) <= item < 2**63 for item in items)
    return values if fits else [json.dumps(value) for value in values]


def _column(values: list[Result | None]) -> list[float] | list[str | None]:
    """Make a column of numbers if the result is one wherever it was found, else one of text."""
    if all(value is None or type(value) in (int, float) for value in values):
        return [math.nan if value is None else float(value) for value in values]
    return [None if value is None else str(value) for value in values]
