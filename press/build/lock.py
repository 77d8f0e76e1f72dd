"""One build at a time, and what killed builds left is mended first.

The lock is the kernel's (`flock` on `_build/lock`), so that it ends with the process that holds it, however
that ends. The file itself stays and means nothing. Runs and sweeps need no lock: they share the store.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from press.run.files import restore
from press.run.project import Project

__all__ = ["mend", "one_build"]


@contextlib.contextmanager
def one_build(project: Project) -> Iterator[None]:
    """Hold the lock of the build directory; `BlockingIOError` says who else does."""
    path = project.build / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(
                f"another build is at work in {path.parent}: {_holder(path)}; wait until it ends, or end it"
            ) from None
        lock.truncate(0)
        me = {"pid": os.getpid(), "command": " ".join(sys.argv), "since": f"{datetime.now():%H:%M:%S}"}
        json.dump(me, lock)
        lock.flush()
        mend(project)
        yield


def mend(project: Project) -> None:
    """Mend what killed builds left; the lock is held.

    A book that was moved aside and not replaced comes back, and scratch files go.
    """
    restore(project.html)
    for pattern in ("render-*", "pdf-*"):
        for left in project.build.glob(pattern):
            shutil.rmtree(left, ignore_errors=True)
    for directory in (project.executed, project.ledger.parent):
        for left in directory.glob(".*.tmp"):
            left.unlink(missing_ok=True)


def _holder(path: Path) -> str:
    """Say who holds the lock."""
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"process {holder['pid']} ({holder['command']}), since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has just begun"
