"""Grids of parameters: a YAML file names combinations and single points; each is checked before any runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from press.run.disk.written import meant, read_mapping
from press.run.key import Point, ingredients
from press.run.parameters import Parameter, checked, read_parameters, resolve
from press.run.project import Project

__all__ = ["LIMIT", "Point", "points_of"]

LIMIT = 500
"""A larger grid needs an explicit permission."""

PARTS = ("fixed", "product", "points")


def points_of(
    project: Project,
    chapter: str,
    text: str,
    name: str,
    *,
    profile: str,
    given: Mapping[str, Any],
    limit: int = LIMIT,
) -> list[Point]:
    """Read a grid and check every point of it.

    The file is a mapping of up to three parts: `fixed` (a mapping of parameters to values, for all
    points), `product` (a mapping of parameters to lists of values, of which every combination is a
    point) and `points` (a list of mappings, one point each). A point that occurs twice counts once.
    """
    parameters = read_parameters(project.source(chapter))
    parts = read_mapping(text, name)
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        hint = meant(unknown[0], PARTS)
        raise ValueError(
            f"{name}: unknown part {unknown[0]!r}{hint}; a grid has the parts {', '.join(PARTS)}"
        )
    fixed = _mapping(parts.get("fixed", {}), f"{name}: fixed")
    axes = _mapping(parts.get("product", {}), f"{name}: product")
    single = parts.get("points", [])
    if not isinstance(single, list):
        raise ValueError(f"{name}: points: not a list of mappings of parameters to values")
    size = (math.prod(_length(axes, axis, name) for axis in axes) if axes else 0) + len(single)
    if size == 0:
        raise ValueError(f"{name}: names no point: give `product` or `points`")
    if size > limit:
        raise ValueError(f"{name}: {size} points are more than {limit}; if you mean it, add --limit {size}")
    base = dict(given) | _checked(parameters, fixed, f"{name}: fixed")
    for axis, values in axes.items():
        for value in values:
            _checked(parameters, {axis: value}, f"{name}: product")
        if axis in fixed:
            raise ValueError(f"{name}: {axis} stands in both fixed and product")
    combinations = [dict(zip(axes, chosen, strict=True)) for chosen in itertools.product(*axes.values())]
    wanted = [*(combinations if axes else []), *_singles(parameters, single, name)]
    code = ingredients(project, chapter)
    points = [Point.with_code(code, chapter, profile, resolve(parameters, base | one)) for one in wanted]
    return list({point.key: point for point in points}.values())


def _singles(parameters: Mapping[str, Parameter], single: list[Any], name: str) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(single, start=1):
        where = f"{name}: points, number {number}"
        yield _checked(parameters, _mapping(one, where), where)


def _mapping(part: Any, where: str) -> dict[str, Any]:
    if not isinstance(part, dict) or not all(isinstance(key, str) for key in part):
        raise ValueError(f"{where}: not a mapping of parameters to values")
    return part


def _length(axes: Mapping[str, Any], axis: str, name: str) -> int:
    if not isinstance(axes[axis], list) or not axes[axis]:
        raise ValueError(f"{name}: product: {axis} is not a list with at least one value")
    return len(axes[axis])


def _checked(parameters: Mapping[str, Parameter], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check single values, so that an error names the part of the file in which it stands."""
    try:
        return dict(checked(parameters, given))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
