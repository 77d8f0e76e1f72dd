"""Guard the build directory: one build at a time, and what killed or damaged builds left is mended first.

The lock is the kernel's (`flock` on `_build/lock`), held by a build and by the commands it begins, so that it
ends with the last of them, however they end. The file itself stays and means nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from press.run.project import Project

__all__ = ["STATE", "enter", "mend", "one_build", "replace"]

STATE = "doit.sqlite3"
"""The file in which doit keeps what has been done."""

VARIABLE = "PRESS_LOCK"  # the descriptor of the lock that a command of a build inherits
PATIENCE = 5.0  # seconds in which the commands of a killed build notice that it is gone


def enter(project: Project) -> int:
    """Take the lock of the build directory, and mend what earlier builds left there.

    A command that a build has begun is inside already; it ends when that build does.

    Parameters
    ----------
    project : Project
        The book.

    Returns
    -------
    int
        The descriptor of the lock, for commands to inherit; closing it ends the lock.

    Raises
    ------
    BlockingIOError
        If another build holds the lock; the message says which process that is.
    OSError
        If the build directory cannot be written.
    """
    path = project.build / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        inherited = int(os.environ.get(VARIABLE, ""))
        if os.path.samestat(os.fstat(inherited), os.fstat(lock)):
            os.close(lock)
            _end_with_parent()
            return inherited
    except (ValueError, OSError):
        pass
    try:
        _lock(lock, path)
        me = {"pid": os.getpid(), "command": " ".join(sys.argv), "since": f"{datetime.now():%H:%M:%S}"}
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(me).encode(), 0)
        os.environ[VARIABLE] = str(lock)
        mend(project)
    except BaseException:
        os.close(lock)
        raise
    return lock


@contextlib.contextmanager
def one_build(project: Project) -> Iterator[None]:
    """Hold the lock of the build directory for a while.

    Parameters
    ----------
    project : Project
        The book.

    Yields
    ------
    None
        While the lock is held.

    Raises
    ------
    BlockingIOError
        If another build holds the lock.
    """
    before = os.environ.get(VARIABLE)
    lock = enter(project)
    try:
        yield
    finally:
        if os.environ.get(VARIABLE) != before:
            os.environ.pop(VARIABLE)
            os.close(lock)


def mend(project: Project) -> None:
    """Mend what killed or damaged builds left; the lock is held.

    A book that was moved aside and not replaced comes back, scratch files go, and a damaged record of what
    has been done is removed, so that everything is done again.

    Parameters
    ----------
    project : Project
        The book.
    """
    old = _aside(project.html)
    if old.exists() and not project.html.exists():
        os.replace(old, project.html)
    for pattern in ("render-*", "pdf-*", old.name):
        for left in project.build.glob(pattern):
            shutil.rmtree(left, ignore_errors=True)
    for directory in (project.executed, project.ledger.parent, project.notebooks):
        for left in directory.glob(".*.tmp"):
            left.unlink(missing_ok=True)
    state = project.build / STATE
    if state.exists() and not _readable(state):
        print(f"{state} is damaged and is made anew: all chapters are executed again", file=sys.stderr)
        for name in (STATE, f"{STATE}-journal"):
            (project.build / name).unlink(missing_ok=True)


def replace(fresh: Path, place: Path) -> None:
    """Put a directory into the place of another by two renames; `mend` undoes the first if that was all.

    Parameters
    ----------
    fresh, place : pathlib.Path
        The new directory, and where it shall be; both on one file system.

    Raises
    ------
    OSError
        If the new directory cannot be moved; the old one is in its place again.
    """
    old = _aside(place)
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        os.replace(place, old)
    try:
        os.replace(fresh, place)
    except OSError:
        if old.exists():
            os.replace(old, place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _aside(place: Path) -> Path:
    """Where the old book lies between the two renames."""
    return place.with_name(f".{place.name}.old")


def _lock(lock: int, path: Path) -> None:
    """Lock the file; be patient only with what a killed build has begun, which is about to end."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = _holder(path)
            alive = holder is not None and _alive(holder["pid"])
            if holder is not None and (alive or time.monotonic() > until):
                state = "" if alive else ", which was killed, but what it began still runs"
                raise BlockingIOError(
                    f"another build is at work in {path.parent}: process {holder['pid']} "
                    f"({holder['command']}), since {holder['since']}{state}; wait until it ends, or end it"
                ) from None
            if time.monotonic() > until:
                raise BlockingIOError(f"another process holds {path}; wait until it ends") from None
        time.sleep(0.1)


def _holder(path: Path) -> dict[str, Any] | None:
    """Read who holds the lock; None while it is being written."""
    try:
        holder: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return holder if {"pid", "command", "since"} <= set(holder) else None
    except (OSError, ValueError, TypeError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _end_with_parent() -> None:
    """Let this command end when the build that began it does: nobody waits for it any more."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.3)
        os._exit(130)

    threading.Thread(target=watch, daemon=True).start()


def _readable(state: Path) -> bool:
    """Whether doit can read its record."""
    try:
        with contextlib.closing(sqlite3.connect(state)) as database:
            sound = database.execute("pragma quick_check").fetchall() == [("ok",)]
            tables = {
                name for (name,) in database.execute("select name from sqlite_master where type = 'table'")
            }
            rows = database.execute("select task_data from doit").fetchall() if "doit" in tables else []
            return sound and all(isinstance(json.loads(data), dict) for (data,) in rows)
    except (sqlite3.DatabaseError, ValueError, TypeError):
        return False
