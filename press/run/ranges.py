"""Allowed ranges of parameters: intervals such as `(0, inf]` and sets such as `{a, b}`."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass

__all__ = ["Choices", "Interval", "Range", "split_comment"]

_NUMBER = r"[+-]?(?:inf|[0-9][0-9_]*(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?|\.[0-9]+(?:e[+-]?[0-9]+)?)"
_INTERVAL = re.compile(rf"^([\[(])\s*({_NUMBER})\s*,\s*({_NUMBER})\s*([\])])")
_CHOICES = re.compile(r"^\{([^{}]*)\}")


@dataclass(frozen=True)
class Interval:
    """All numbers between two ends, each of which belongs to it or not.

    Parameters
    ----------
    low, high : float
        The ends; infinite ones are allowed.
    closed_low, closed_high : bool
        Whether the ends belong to the interval.

    Examples
    --------
    >>> 0.5 in Interval(0, 1, False, True), 0.0 in Interval(0, 1, False, True)
    (True, False)
    >>> str(Interval(0, math.inf, False, False))
    '(0, inf)'
    """

    low: float
    high: float
    closed_low: bool
    closed_high: bool

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            return False
        above = value >= self.low if self.closed_low else value > self.low
        below = value <= self.high if self.closed_high else value < self.high
        return above and below

    def __str__(self) -> str:
        left, right = "[" if self.closed_low else "(", "]" if self.closed_high else ")"
        return f"{left}{self.low:.15g}, {self.high:.15g}{right}"


@dataclass(frozen=True)
class Choices:
    """A finite set of numbers or words.

    Parameters
    ----------
    values : tuple
        What is allowed.

    Examples
    --------
    >>> "mean" in Choices(("mean", "trial")), str(Choices((1, 3)))
    (True, '{1, 3}')
    """

    values: tuple[object, ...]

    def __contains__(self, value: object) -> bool:
        return any(
            value == allowed and isinstance(value, bool) == isinstance(allowed, bool)
            for allowed in self.values
        )

    def __str__(self) -> str:
        return "{" + ", ".join(str(value) for value in self.values) + "}"


Range = Interval | Choices


def split_comment(comment: str) -> tuple[Range | None, str]:
    """Split the comment behind a parameter into its range and its help.

    Parameters
    ----------
    comment : str
        The comment without its `#`.

    Returns
    -------
    range : Interval, Choices or None
        The allowed range at the comment's beginning, or None if there is none.
    help : str
        The rest.

    Raises
    ------
    ValueError
        If the comment begins like a range but is none, or the range is empty.

    Examples
    --------
    >>> allowed, text = split_comment("[1, 100_000] repetitions per sample size")
    >>> str(allowed), text
    ('[1, 100000]', 'repetitions per sample size')
    """
    comment = comment.strip()
    if match := _INTERVAL.match(comment):
        low, high = float(match[2]), float(match[3])
        interval = Interval(low, high, match[1] == "[", match[4] == "]")
        if low > high or (low == high and not (interval.closed_low and interval.closed_high)):
            raise ValueError(f"the range {match[0]} is empty")
        return interval, comment[match.end() :].strip()
    if match := _CHOICES.match(comment):
        values = tuple(_word(word.strip()) for word in match[1].split(",") if word.strip())
        if not values:
            raise ValueError("the set of allowed values is empty")
        return Choices(values), comment[match.end() :].strip()
    if comment[:1] in ("[", "(", "{"):
        raise ValueError(f"cannot read a range at the beginning of {comment!r}")
    return None, comment


def _word(text: str) -> object:
    """Read a number or a quoted string; anything else is a bare word."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
