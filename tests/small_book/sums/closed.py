"""The sum of squares in closed form."""

from __future__ import annotations

__all__ = ["squares"]


def squares(count: int) -> int:
    """Return the sum of the squares of 0, 1, ..., count - 1.

    >>> squares(4)
    14
    """
    return (count - 1) * count * (2 * count - 1) // 6
