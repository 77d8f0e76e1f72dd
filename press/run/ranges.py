"""What is allowed: ranges of one parameter, and relations between several.

A range is an interval such as `(0, inf]` or a set such as `{a, b}`. A relation is a line of the parameters
cell such as `# require: n_min < n_max`: a comparison, or one of `PREDICATES`, of names, numbers, `len`,
`min`, `max` and arithmetic; `and`, `or`, `not` and `in` join them.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "PREDICATES",
    "START",
    "Choices",
    "Interval",
    "Range",
    "Relation",
    "read_relation",
    "split_comment",
]

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


START = "require:"
"""What the comment of a relation begins with."""


def _increasing(values: Sequence[Any]) -> bool:
    return all(before < after for before, after in itertools.pairwise(values))


def _distinct(values: Sequence[Any]) -> bool:
    return len(set(values)) == len(values)


PREDICATES: dict[str, Callable[..., Any]] = {"increasing": _increasing, "distinct": _distinct}
"""Functions of a list that say yes or no."""
_FUNCTIONS = {**PREDICATES, "len": len, "min": min, "max": max}
_NODES = (
    ast.Expression, ast.Compare, ast.BoolOp, ast.And, ast.Or, ast.Not, ast.UnaryOp, ast.USub, ast.BinOp,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Call, ast.Name, ast.Load, ast.Constant, ast.Lt, ast.LtE, ast.Gt,
    ast.GtE, ast.Eq, ast.NotEq, ast.In, ast.NotIn,
)  # fmt: skip


@dataclass(frozen=True)
class Relation:
    """What several parameters must satisfy together.

    Parameters
    ----------
    text : str
        The relation as the chapter writes it.
    names : tuple of str
        The parameters in it.

    Examples
    --------
    >>> relation = read_relation("n_min < n_max", ["n_min", "n_max"])
    >>> relation.holds({"n_min": 10, "n_max": 100}), relation.holds({"n_min": 10, "n_max": 10})
    (True, False)
    """

    text: str
    names: tuple[str, ...]

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether values satisfy the relation; where it cannot be computed, they do not."""
        given = {name: values[name] for name in self.names}
        code = compile(self.text, "<relation>", "eval")
        try:
            return bool(eval(code, {"__builtins__": {}, **_FUNCTIONS}, given))  # noqa: S307  # checked nodes
        except (ArithmeticError, ValueError):
            return False


def read_relation(text: str, parameters: Sequence[str]) -> Relation:
    """Read a relation; what is none, or names other things than parameters, is a ValueError."""
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        raise ValueError(f"cannot read the relation {text!r}") from None
    names: dict[str, None] = {}
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise ValueError(f"the relation {text!r} may hold no {type(node).__name__}")
        if isinstance(node, ast.Name):
            if node.id not in (_FUNCTIONS if id(node) in called else parameters):
                raise ValueError(f"the relation {text!r} names {node.id!r}, which is no parameter")
            if id(node) not in called:
                names[node.id] = None
    if not names:
        raise ValueError(f"the relation {text!r} names no parameter")
    return Relation(text, tuple(names))
