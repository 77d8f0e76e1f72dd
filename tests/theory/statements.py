"""What every check of a statement of the paper is marked with."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest

Grade = Literal["proved", "checked", "erratum"]


@dataclass(frozen=True)
class Check:
    """A check of one or more statements, named as in `evidence/statements.toml`."""

    statements: tuple[str, ...]
    grade: Grade
    function: Callable[..., Any]
    teeth: tuple[Mapping[str, Any], ...]


CHECKS: list[Check] = []


def statement(
    *statements: str, grade: Grade, covers: str, teeth: Sequence[Mapping[str, Any]]
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Mark a test as the check of statements.

    `grade`: "proved" (symbolically, or by certified intervals), "checked" (over a stated range), "erratum"
    (the check proves that the printed form is wrong and that a corrected form holds). `covers` says in a few
    words what was checked, with the range. `teeth` holds arguments with which the test must fail: the
    statement, mutated. So the parameters of the test have the true constants as defaults. It may return a
    dict of measured numbers for the report.
    """
    if not teeth:
        raise ValueError(f"{statements}: a check needs teeth")

    def mark(function: Callable[..., Any]) -> Callable[..., None]:
        @functools.wraps(function)
        def check(**constants: Any) -> None:
            check.measured = function(**constants) or {}  # type: ignore[attr-defined]

        del check.__wrapped__  # type: ignore[attr-defined]  # pytest would take the constants for fixtures
        check.measured = {}  # type: ignore[attr-defined]
        CHECKS.append(Check(statements, grade, function, tuple(teeth)))
        return pytest.mark.statement(statements, grade, covers)(check)

    return mark
