"""Remove from the store what no run of today's text and code can find again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from press.run.disk.store import Store
from press.run.key import Point, difference, library
from press.run.project import Project

__all__ = ["useless"]


def useless(project: Project) -> Iterator[tuple[Path, str]]:
    """List the files of the store that are of no use any more, and say why.

    A run is of use as long as its chapter, at its parameters, would get the same name today; a sweep's, too.
    """
    store, code = Store(project.store), library(project.root)
    for name in store.names():
        if name.startswith("part-"):
            why = "" if name.split("-")[1] == code else "the library, the lock or Python changed"
        else:
            why = _why(project, store.get(name))
        if why:
            yield store.path(name), why
    for path in sorted([*project.store.glob(".*.tmp"), *project.store.glob(".*.lock")]):
        if time.time() - path.stat().st_mtime > 3600:
            yield path, "left by a process that was killed"


def _why(project: Project, content: bytes | None) -> str:
    try:
        press = json.loads(content or b"")["metadata"]["press"]
        now = Point.of(project, press["chapter"], press["profile"], press["parameters"])
        return difference(press["made_of"], now.made_of)
    except (KeyError, TypeError):
        return "damaged"
    except ValueError as error:
        return "damaged" if isinstance(error, json.JSONDecodeError) else str(error)
