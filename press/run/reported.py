"""The numbers that a paper prints, to compare with: those of the project.

They stand in `evidence/reported.toml`, a table for each figure or table of the paper, with the digits as
printed: `"p=1 q=2" = 0.40`. A project whose paper needs more than that names, by `reported` in the table
`tool.press` of its `pyproject.toml`, a module that offers `items`, `cells` and `lookup` like this one, and
`stated_cost` if the paper states a cost.
"""

from __future__ import annotations

import importlib
import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from press.run.project import Project

__all__ = ["FILE", "MODULE", "Printed", "cells", "items", "lookup", "stated_cost"]

FILE = Path("evidence") / "reported.toml"
MODULE = "PRESS_REPORTED"
"""The variable that names the module where a notebook runs away from its project (`press.site.hosted`)."""


class Printed(NamedTuple):
    """A printed number, the unit of its last digit, and its digits."""

    value: float
    unit: float
    text: str

    def __str__(self) -> str:
        return self.text


def items() -> tuple[str, ...]:
    """Return the figures and tables that print numbers."""
    module = _module()
    return tuple(module.items()) if module else tuple(_table())


def cells(item: str) -> tuple[str, ...]:
    """Return the names of the numbers of one of them; KeyError if there is none."""
    module = _module()
    return tuple(module.cells(item)) if module else tuple(_entry(_table(), "item", item))


def lookup(item: str, cell: str) -> Any:
    """Return a printed number, with `value` and `unit`, its digits as `str`; KeyError if there is none."""
    module = _module()
    if module:
        return module.lookup(item, cell)
    number = _entry(_entry(_table(), "item", item), "cell", cell)
    return Printed(float(number), 10.0 ** int(Decimal(number).as_tuple().exponent), str(number))


def stated_cost() -> tuple[int, int] | None:
    """Return the processor cores and hours that the paper states, if it does."""
    cost: tuple[int, int] | None = getattr(_module(), "stated_cost", lambda: None)()
    return cost


def _module() -> Any:
    name = os.environ.get(MODULE) or Project.around().setting("reported")
    return importlib.import_module(name) if name else None


def _table() -> dict[str, Any]:
    path = Project.around().root / FILE
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return tomllib.loads(text, parse_float=Decimal)  # Decimal keeps the printed digits


def _entry(table: Mapping[str, Any], what: str, name: str) -> Any:
    if name not in table:
        raise KeyError(f"{what} = {name!r} is not in {FILE}; it must be one of {', '.join(table)}")
    return table[name]
