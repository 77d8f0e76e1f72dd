"""Checks of arguments: every message names the argument, its value and what is allowed."""

from __future__ import annotations

import math
from contextlib import suppress
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

SQUARABLE = 1e150
"""Numbers up to here have squares, and sums of squares, within the range of a double."""


def real(
    name: str,
    value: Any,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
    infinite: bool = False,
) -> float:
    """Return `value` as a float, if it is real, > `above` and in [`least`, `most`]; `infinite` allows inf."""
    bounds = [f"> {above:g}"] * (above > -math.inf) + [f">= {least:g}"] * (least > -math.inf)
    bounds += [f"<= {most:g}"] * (most < math.inf)
    allowed = " and ".join([f"a {'' if infinite else 'finite '}real number", *bounds])
    number = math.nan
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_):
        with suppress(OverflowError):  # a whole number beyond the range of a double
            number = float(value)
    good = (
        number > above
        and least <= number <= most
        and (math.isfinite(number) or (infinite and number == math.inf))
    )
    if not good:
        raise ValueError(f"{name} = {value!r} is not allowed: it must be {allowed}")
    return number


def whole(name: str, value: Any, *, least: int, most: int | None = None) -> int:
    """Return `value` as an int, if it is a whole number in [`least`, `most`]."""
    good = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    good = good and value >= least and (most is None or value <= most)
    if not good:
        limit = "" if most is None else f" and <= {most}"
        raise ValueError(f"{name} = {value!r} is not allowed: it must be a whole number >= {least}{limit}")
    return int(value)


def unmasked(name: str, value: object) -> None:
    """Refuse masked values, which would be read as what lies below the mask."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        count = np.ma.getmaskarray(value).sum()
        raise ValueError(f"{name} holds {count} masked values and must hold none: drop them or fill them in")


def array(
    name: str,
    value: ArrayLike,
    *,
    least: float = -math.inf,
    largest: float = math.inf,
    infinite: bool = False,
) -> Array:
    """Return `value` as an array of float64 >= `least`, modulus <= `largest`; `infinite` allows inf."""
    allowed = f"{'' if infinite else 'finite '}real numbers{f' >= {least:g}' if least > -math.inf else ''}"
    allowed += f" of modulus <= {largest:g}" if largest < math.inf else ""
    unmasked(name, value)
    try:
        given = np.asarray(value)
        if given.dtype.kind not in "fiu":
            raise TypeError
        result = given.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {value!r} is not allowed: it must be {allowed}") from None
    if result.size:
        low, high = result.min(), result.max()
        inside = low >= max(least, -largest) and high <= largest
        if not (inside and low > -math.inf and (infinite or high < math.inf)):
            ok = (result >= max(least, -largest)) & (result <= largest)
            ok &= (result > -math.inf) & (infinite | (result < math.inf))
            raise ValueError(f"{name} holds {result[~ok][0]} and must hold {allowed}")
    return result


def broadcast(**arrays: Array) -> tuple[int, ...]:
    """Return the shape to which the named arrays broadcast."""
    try:
        return np.broadcast_shapes(*(a.shape for a in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} of shape {a.shape}" for name, a in arrays.items())
        raise ValueError(
            f"{shapes} do not broadcast: their shapes must agree or be 1 along each axis"
        ) from None
