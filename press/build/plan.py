"""What a build has to execute, why, and how long that may take."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from press.evidence.reference import read_reference
from press.run.disk.store import Store
from press.run.execute import recall
from press.run.key import Point, difference
from press.run.parameters import read_parameters, resolve
from press.run.profiles import DEFAULT, read_profile
from press.run.project import Project

__all__ = ["Wanted", "plan", "usual_seconds"]


@dataclass(frozen=True)
class Wanted:
    """A chapter at its point; why it has to be executed, empty if it is in the store; how long that took."""

    point: Point
    why: str
    seconds: float | None


def plan(project: Project, profile: str) -> list[Wanted]:
    """List the chapters: those to be executed first, the longest of them before the others."""
    changes = read_profile(project, profile)
    reference = _reference(project)
    wanted = []
    for chapter in project.chapters():
        values = resolve(read_parameters(project.source(chapter)), changes.get(chapter, {}))
        point = Point.of(project, chapter, profile, values)
        last = _press(project.executed / f"{chapter}.ipynb")
        why = "" if recall(project, point) else _why(project, point, last)
        known = last if last.get("profile") == profile else {}
        if not known and profile == DEFAULT:
            known = reference.get(chapter, {})
        wanted.append(Wanted(point, why, known.get("seconds")))

    def order(one: Wanted) -> tuple[bool, float]:
        usual = one.seconds or reference.get(one.point.chapter, {}).get("seconds")
        return not one.why, -(math.inf if usual is None else float(usual))

    return sorted(wanted, key=order)


def usual_seconds(project: Project, point: Point) -> float | None:
    """Return how long a chapter took the last time, or for the reference, with the same parameters."""
    last = _press(project.executed / f"{point.chapter}.ipynb")
    if last.get("parameters") == point.values:
        return float(last["seconds"])
    own = {name: p.default for name, p in read_parameters(project.source(point.chapter)).items()}
    known = _reference(project).get(point.chapter, {})
    return float(known["seconds"]) if known.get("seconds") is not None and point.values == own else None


def _why(project: Project, point: Point, last: dict[str, Any]) -> str:
    """Say why a point has to be executed, by what the book's last run of the chapter was made of."""
    if not last:
        failed = (project.failed / f"{point.chapter}.ipynb").is_file()
        return "failed the last time" if failed else "never executed"
    if last.get("key") == point.key:
        return "its run in the store is gone or damaged"
    try:
        name = f"{point.chapter}-{last['key']}"
        before = json.loads(Store(project.store).get(name) or b"")["metadata"]["press"]["made_of"]
        return difference(before, point.made_of)
    except (ValueError, KeyError, TypeError):
        return "changed since the last run"


def _press(path: Path) -> dict[str, Any]:
    """Read what a notebook of the last build says of its run."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["metadata"]["press"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _reference(project: Project) -> dict[str, Any]:
    try:
        return dict(read_reference(project)["chapters"])
    except ValueError:
        return {}
