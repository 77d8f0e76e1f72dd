"""Did I get your numbers? Compare the results of the executed chapters with a committed reference.

The reference, `evidence/reference.json`, holds for each chapter its parameters and every result
(`press.evidence.results`) with a tolerance. Numbers are equal on one type of machine; other processors and
compilers round otherwise, and some results are minima of functions or limits of iterations, which magnify
that.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from press.evidence.results import Result, results
from press.run.files import write_atomically
from press.run.profiles import DEFAULT
from press.run.project import Project

__all__ = ["ABSOLUTE", "RELATIVE", "Difference", "compare", "executed", "read_reference", "renew", "verify"]

RELATIVE = 1e-6
ABSOLUTE = 1e-9
"""The tolerance of a new row: the larger of `RELATIVE` times its value and `ABSOLUTE`."""


@dataclass(frozen=True)
class Difference:
    """A row that is not as in the reference.

    Parameters
    ----------
    chapter, name : str
        Which result.
    reference, ours : float, int, str, bool or None
        The two values; None where there is none.
    tolerance : float or None
        The largest difference allowed; None if the values must be equal.
    """

    chapter: str
    name: str
    reference: Result | None
    ours: Result | None
    tolerance: float | None

    def __str__(self) -> str:
        where = f"{self.chapter}: {self.name}"
        if self.ours is None:
            return f"{where}: missing here, {self.reference!r} in the reference"
        if self.reference is None:
            return f"{where}: {self.ours!r} here, not in the reference"
        text = f"{where}: {self.ours!r} here, {self.reference!r} in the reference"
        if self.tolerance is None or isinstance(self.ours, str):
            return text
        distance = abs(float(self.ours) - float(self.reference))
        return f"{text}; they differ by {distance:.3g}, the tolerance is {self.tolerance:.3g}"


def executed(project: Project) -> dict[str, dict[str, Any]]:
    """Read of each executed chapter its `press` metadata, with its `results` besides.

    Raises ValueError if a chapter was not executed, or not with the default profile and parameters.
    """
    found = {}
    for chapter in project.chapters():
        path = project.executed / f"{chapter}.ipynb"
        if not path.is_file():
            raise ValueError(f"chapter {chapter!r} has not been executed: run `make book`")
        notebook = json.loads(path.read_text(encoding="utf-8"))
        press = notebook["metadata"]["press"]
        if press["profile"] != DEFAULT:
            raise ValueError(
                f"chapter {chapter!r} was executed with profile {press['profile']!r}; the reference is for "
                f"{DEFAULT!r}: run `make book`"
            )
        found[chapter] = press | {"results": results(notebook)}
    return found


def compare(chapter: str, ours: Mapping[str, Result], reference: Mapping[str, Any]) -> list[Difference]:
    """Compare the results of one chapter with values and tolerances by name; None: they must be equal.

    >>> for difference in compare("rates", {"slope": -0.5}, {"slope": [-0.51, 1e-3]}):
    ...     print(difference)
    rates: slope: -0.5 here, -0.51 in the reference; they differ by 0.01, the tolerance is 0.001
    """
    rows = []
    for name in dict.fromkeys([*reference, *ours]):
        wanted, tolerance = reference.get(name, (None, None))
        found = ours.get(name)
        if not _agree(wanted, found, tolerance):
            rows.append(Difference(chapter, name, wanted, found, tolerance))
    return rows


def verify(project: Project) -> tuple[int, list[Difference]]:
    """Compare the executed book with the reference: how many rows there are, and those that differ.

    Raises ValueError if chapters were not executed as the reference was.
    """
    reference, ours = read_reference(project)["chapters"], executed(project)
    empty: dict[str, Any] = {"results": {}}
    count, found = 0, []
    for chapter in dict.fromkeys([*reference, *ours]):
        old, new = reference.get(chapter, empty), ours.get(chapter, empty)
        count += len({*old["results"], *new["results"]})
        found += compare(chapter, new["results"], old["results"])
    return count, found


def renew(project: Project) -> int:
    """Write the reference from the executed book, and count its rows; tolerances set by hand stay.

    Raises ValueError if a chapter was not executed with the default profile.
    """
    old = read_reference(project)["chapters"] if project.reference.is_file() else {}
    chapters = {}
    for chapter, press in executed(project).items():
        before = old.get(chapter, {"results": {}})["results"]
        rows = {}
        for name, value in press["results"].items():
            usual = _tolerance(value)
            kept = before.get(name, (value, usual))
            rows[name] = [_plain(value), usual if kept[1] == _tolerance(kept[0]) else kept[1]]
        kept_facts = ("profile", "parameters", "seconds", "machine", "versions", "commit", "started")
        chapters[chapter] = {key: press[key] for key in kept_facts} | {"results": rows}
    write_atomically(project.reference, json.dumps({"chapters": chapters}, indent=1) + "\n")
    return sum(len(chapter["results"]) for chapter in chapters.values())


def read_reference(project: Project) -> dict[str, Any]:
    """Read the committed reference: by "chapters" what made the results of each, and they themselves.

    Raises ValueError if there is no reference, or it is none.
    """
    try:
        reference: dict[str, Any] = json.loads(project.reference.read_text(encoding="utf-8"))
        for chapter in reference["chapters"].values():
            for value, tolerance in chapter["results"].values():
                float(tolerance if isinstance(value, float | int) and tolerance is not None else 0)
        return reference
    except FileNotFoundError:
        raise ValueError(f"there is no reference {project.reference}: make one with --renew") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{project.reference} is not a reference: {error!r}") from None


def _agree(wanted: Result | None, found: Result | None, tolerance: float | None) -> bool:
    numbers = all(isinstance(x, float | int) and not isinstance(x, bool) for x in (wanted, found))
    if not numbers or tolerance is None:
        return type(_plain(wanted)) is type(_plain(found)) and _plain(wanted) == _plain(found)
    return abs(float(wanted) - float(found)) <= tolerance or _plain(wanted) == _plain(found)  # type: ignore[arg-type]


def _tolerance(value: Result) -> float | None:
    if isinstance(value, bool | str) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return max(RELATIVE * abs(value), ABSOLUTE)


def _plain(value: Result | None) -> Result | None:
    """Infinities and NaN as text, so that the file is strict JSON and NaN equals itself."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
