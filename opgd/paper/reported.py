"""The numbers printed in the paper, with the unit of their last printed digit."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Reported", "cells", "items", "lookup", "stated_cost"]


@dataclass(frozen=True)
class Reported:
    """A printed number.

    Attributes
    ----------
    value : float
        The number as printed (signs of fits restored, see ``reported.toml``).
    unit : float
        One unit of the last printed digit; 50 for the times of Figures 2 and 4, chosen by the authors; the
        distance of two ticks for what is read off the axes of Figure 6.
    """

    value: float
    unit: float

    def __str__(self) -> str:
        """Show the number with the digits that are printed.

        Returns
        -------
        str

        Examples
        --------
        >>> str(Reported(0.4, unit=0.01)), str(Reported(2.0, unit=0.5)), str(Reported(140000.0, unit=20000.0))
        ('0.40', '2.0', '140000')
        """
        return f"{self.value:.{max(0, math.ceil(-math.log10(self.unit)))}f}"


def _as_printed(number: Decimal) -> Reported:
    return Reported(float(number), 10.0 ** int(number.as_tuple().exponent))


@cache
def _text() -> dict[str, Any]:
    source = files("opgd.paper").joinpath("reported.toml").read_text("utf-8")
    return tomllib.loads(source, parse_float=Decimal)  # Decimal keeps the printed digits


@cache
def _load() -> dict[str, dict[str, Reported]]:
    text = _text()
    items: dict[str, dict[str, Reported]] = {"Figure 1": {}, "Figure 3": {}, "Figure 5": {}}
    for panel, curves in text["figure1"].items():
        for curve, fit in curves.items():
            for name, value in fit.items():
                cell, printed = f"{panel} {curve} {name}", _as_printed(value)
                items["Figure 3"][cell] = printed
                if not curve.endswith("_steps"):
                    items["Figure 1"][cell] = printed
    columns = [f"p={p} q={q}" for p in ("0.6", "1", "3") for q in ("1", "1.5", "2")]
    for item, rows in (
        ("Table 1", {"": text["table1"]}),
        ("Table 2", {f"{depth} ": rows for depth, rows in text["table2"].items()}),
    ):
        items[item] = {
            f"{prefix}{row} {column}": _as_printed(value)
            for prefix, table in rows.items()
            for row, values in table.items()
            for column, value in zip(columns, values, strict=True)
        }
    for curve, fit in text["figure5"].items():
        for name, value in fit.items():
            items["Figure 5"][f"{curve} {name}"] = _as_printed(value)
    items["Figure 6"] = {
        cell.replace("_", " "): Reported(float(axis["tick"]), float(axis["distance"]))
        for cell, axis in text["figure6"].items()
    }
    frames = dict(text["last_frame"])
    unit = float(frames.pop("unit"))  # chosen by the authors in round numbers
    items["Figure 4"] = {f"{depth} last frame": Reported(float(t), unit) for depth, t in frames.items()}
    items["Figure 2"] = {"D=1 last frame": items["Figure 4"]["D=1 last frame"]}
    return items


def items() -> tuple[str, ...]:
    """Return the figures and tables of the paper that print numbers.

    Returns
    -------
    tuple of str
        In the order of their names.

    Examples
    --------
    >>> from opgd.paper import reported
    >>> reported.items()[:2]
    ('Figure 1', 'Figure 2')
    """
    return tuple(sorted(_load()))


def stated_cost() -> tuple[int, int]:
    """Return what the authors say their experiments cost.

    Returns
    -------
    cores : int
        Number of processor cores.
    hours : int
        Hours for all experiments, at most.

    Examples
    --------
    >>> from opgd.paper import reported
    >>> reported.stated_cost()
    (64, 24)
    """
    compute = _text()["compute"]
    return int(compute["cores"]), int(compute["hours_at_most"])


def cells(item: str) -> tuple[str, ...]:
    """Return the names of all printed numbers of a figure or table, for example of "Figure 1".

    Parameters
    ----------
    item : str
        Figure or table, spelled as printed.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from opgd.paper import reported
    >>> len(reported.cells("Table 1")), len(reported.cells("Table 2"))
    (27, 54)
    """
    if item not in _load():
        raise KeyError(f"item = {item!r} is not printed in the paper; it must be one of {', '.join(_load())}")
    return tuple(_load()[item])


def lookup(item: str, cell: str) -> Reported:
    """Return one printed number.

    Parameters
    ----------
    item : str
        Figure or table, spelled as printed.
    cell : str
        Which number, one of ``cells(item)``.

    Returns
    -------
    Reported

    Raises
    ------
    KeyError
        If the paper does not print it.

    Examples
    --------
    >>> from opgd.paper import reported
    >>> reported.lookup("Figure 1", "gamma=1.5 vanilla_error slope")
    Reported(value=-0.374, unit=0.001)
    >>> reported.lookup("Table 2", "D=1 gamma=3 p=0.6 q=2").value
    0.38
    """
    if cell not in cells(item):
        raise KeyError(
            f"cell = {cell!r} is not printed in {item}; it must be one of {', '.join(cells(item))}"
        )
    return _load()[item][cell]
