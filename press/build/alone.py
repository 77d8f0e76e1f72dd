"""One build at a time, and what killed builds left is mended first.

The lock is that of `press.run.disk.lock` on `_build/lock`, so that it ends with the process that holds it,
however that ends. The file stays; it names its holder and is touched while that is alive, for machines that
do not see the lock. Runs and sweeps need none: they share the store.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from press.run.disk.files import restore
from press.run.disk.lock import age, here, take
from press.run.project import Project

__all__ = ["mend", "one_build"]

_SILENT = 120.0  # seconds without a sign of life after which a build on another machine is over


@contextlib.contextmanager
def one_build(project: Project) -> Iterator[None]:
    """Hold the lock of the build directory; `BlockingIOError` says who else does."""
    path = project.build / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as lock:
        if not take(lock) or (_elsewhere(path) and age(path) < _SILENT):
            raise BlockingIOError(
                f"another build is at work in {path.parent}: {_holder(path)}; wait until it ends, or end it"
                f" (if it was killed on another machine, wait {_SILENT:.0f} s)"
            )
        lock.truncate(0)
        me = {
            "pid": os.getpid(),
            "command": " ".join(sys.argv),
            "since": f"{datetime.now():%H:%M:%S}",
            "host": platform.node(),
            "machine": here(),
        }
        json.dump(me, lock)
        lock.flush()
        ended = threading.Event()
        threading.Thread(target=_stay_alive, args=(path, ended), daemon=True).start()
        try:
            mend(project)
            yield
        finally:
            ended.set()
            lock.truncate(0)


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


def _stay_alive(path: Path, ended: threading.Event) -> None:
    """Touch the lock until the build ends."""
    while not ended.wait(_SILENT / 6):
        with contextlib.suppress(OSError):  # somebody removes what this build makes; it will be told
            os.utime(path)


def _elsewhere(path: Path) -> bool:
    """Whether the last build began on another machine and was not seen to end."""
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["machine"] != here())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _holder(path: Path) -> str:
    """Say who holds the lock."""
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"process {holder['pid']} ({holder['command']}), since {holder['since']}, on {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has just begun"
