"""Did I get your numbers? Compare the results of the executed chapters with a committed reference.

The reference, `evidence/reference.json`, holds for each chapter its parameters, about how many seconds it
takes, and every result (`press.evidence.results`) with a tolerance. Numbers are equal on one type of machine;
other processors and compilers round otherwise, and some results are minima of functions or limits of
iterations, which magnify that. What is as small as rounding is such a number, as text ("3.4e-15"), too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from press.evidence.results import Result, results
from press.run.disk.files import write_atomically
from press.run.profiles import DEFAULT
from press.run.project import Project

__all__ = [
    "ABSOLUTE",
    "RELATIVE",
    "Difference",
    "compare",
    "executed",
    "judged",
    "read_reference",
    "renew",
    "verify",
]

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
        ours, wanted = _number(self.ours), _number(self.reference)
        if self.tolerance is None or ours is None or wanted is None:
            return text
        distance = abs(ours - wanted)
        return f"{text}; they differ by {distance:.3g}, the tolerance is {self.tolerance:.3g}"


def executed(project: Project, chapters: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Read of executed chapters their `press` metadata, with their `results` besides.

    Raises ValueError if a chapter was not executed, or not with the default profile and parameters.
    """
    found = {}
    for chapter in chapters:
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

    Raises ValueError if chapters were not executed as the reference was, or have no rows in it.
    """
    reference, ours = read_reference(project)["chapters"], executed(project, project.chapters())
    for chapter, press in ours.items():
        if reference.get(chapter, {}).get("parameters") != press["parameters"]:
            what = "has other parameters than" if chapter in reference else "is not in"
            raise ValueError(
                f"chapter {chapter!r} {what} {project.reference.name}: look at its page, then "
                f"`python -m press verify --renew {chapter}`"
            )
    empty: dict[str, Any] = {"results": {}}
    count, found = 0, []
    for chapter in dict.fromkeys([*reference, *ours]):
        old, new = reference.get(chapter, empty), ours.get(chapter, empty)
        count += len({*old["results"], *new["results"]})
        found += compare(chapter, new["results"], old["results"])
    return count, found


def judged(project: Project) -> list[dict[str, Result]]:
    """Return `verdict` and `kind` of each number of the ledger in the reference."""
    found = []
    for chapter in read_reference(project)["chapters"].values():
        values = {name: value for name, (value, _) in chapter["results"].items()}
        for name, value in values.items():
            number, _, field = name.rpartition(": ")
            if field == "verdict":
                found.append({"verdict": value, "kind": values[f"{number}: kind"]})
    return found


def renew(project: Project, only: Sequence[str] = ()) -> int:
    """Write the reference from the executed book, or some chapters of it, and count the rows written.

    Tolerances set by hand stay, and so do the seconds, unless they are off by more than half. Raises
    ValueError if a chapter is unknown, or was not executed with the default profile.
    """
    for chapter in only:
        project.source(chapter)
    old = read_reference(project)["chapters"] if project.reference.is_file() else {}
    chapters = {}
    for chapter, press in executed(project, only or project.chapters()).items():
        before = old.get(chapter, {"results": {}})["results"]
        rows = {}
        for name, value in press["results"].items():
            usual = _tolerance(value)
            kept = before.get(name, (value, usual))
            rows[name] = [_plain(value), usual if kept[1] == _tolerance(kept[0]) else kept[1]]
        seconds, usual_seconds = round(press["seconds"]), old.get(chapter, {}).get("seconds", 0)
        about = usual_seconds if usual_seconds / 2 <= seconds <= 2 * usual_seconds else seconds
        chapters[chapter] = {"parameters": press["parameters"], "seconds": about, "results": rows}
    known = old | chapters if only else chapters
    kept = {chapter: known[chapter] for chapter in project.chapters() if chapter in known}
    write_atomically(project.reference, json.dumps({"chapters": kept}, indent=1) + "\n")
    return sum(len(chapter["results"]) for chapter in chapters.values())


def read_reference(project: Project) -> dict[str, Any]:
    """Read the committed reference: by "chapters" what made the results of each, and they themselves.

    Raises ValueError if there is no reference, or it is none.
    """
    try:
        reference: dict[str, Any] = json.loads(project.reference.read_text(encoding="utf-8"))
        for chapter in reference["chapters"].values():
            for _, tolerance in chapter["results"].values():
                float(0 if tolerance is None else tolerance)
        return reference
    except FileNotFoundError:
        raise ValueError(f"there is no reference {project.reference}: make one with --renew") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{project.reference} is not a reference: {error!r}") from None


def _agree(wanted: Result | None, found: Result | None, tolerance: float | None) -> bool:
    ours, reference = _number(found), _number(wanted)
    same = type(_plain(wanted)) is type(_plain(found)) and _plain(wanted) == _plain(found)
    if tolerance is None or ours is None or reference is None:
        return same
    return abs(ours - reference) <= tolerance or ours == reference


def _number(value: Result | None) -> float | None:
    """A number as it is compared, and a text that shows one as small as rounding; None for others."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if isinstance(value, str) and (value.isdigit() or not abs(number) < ABSOLUTE):
        return None
    return number


def _tolerance(value: Result) -> float | None:
    number = _number(value)
    return None if number is None or not math.isfinite(number) else max(RELATIVE * abs(number), ABSOLUTE)


def _plain(value: Result | None) -> Result | None:
    """Infinities and NaN as text, so that the file is strict JSON and NaN equals itself."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
