"""What chapters keep between runs: results that take long, by names that say what went into them.

They lie in the store of the runs (`press.run.disk.store`). Each entry remembers the seconds that it took; a run
that takes it from there notes them in an output of a private MIME type, so that its time is that of its
numbers.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
from pathlib import Path

from press.run.disk.store import Store
from press.run.outputs import SECONDS
from press.run.project import Project

__all__ = ["Kept", "store"]


class Kept:
    """A store for the results of the library: bytes by name, found again by the same code only."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._since = time.monotonic()

    @functools.cached_property
    def _project(self) -> Project:
        return Project(self._root) if self._root else Project.around()

    @functools.cached_property
    def _code(self) -> str:
        from press.run.key import library

        return library(self._project.root)

    def _name(self, key: str) -> str:
        return f"part-{self._code}-{key}"

    def get(self, key: str) -> bytes | None:
        """Return what was kept; None if there is nothing, it is damaged, or other code made it."""
        found = Store(self._project.store).get(self._name(key))
        if found is None:
            self._since = time.monotonic()  # what is missing is about to be computed
            return None
        seconds, _, value = found.partition(b"\n")
        if "IPython" in sys.modules:
            from IPython import display, get_ipython

            if get_ipython() is not None:
                display.display({SECONDS: {"seconds": float(seconds)}}, raw=True)  # type: ignore[no-untyped-call]
        return value

    def put(self, key: str, value: bytes) -> None:
        """Keep a result, with the time since the last one was kept or missed."""
        with self._lock:
            now = time.monotonic()
            seconds, self._since = now - self._since, now
        Store(self._project.store).put(self._name(key), b"%.3f\n%b" % (seconds, value))


store = Kept()
"""The store of this project: an argument of what takes long, such as `opgd.paper.simulated.simulate`."""
