"""Locks on files, held by the kernel: they end with the process that holds them, however that ends.

They hold between the containers and namespaces of one machine, where numbers of processes mean nothing, and
between machines if the file system passes them on. Not all do; so what another machine has locked is taken
for dead only when it has been silent for long.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

__all__ = ["age", "here", "take", "turn"]

_POLL = 0.2  # seconds


def here() -> str:
    """Identify this machine until it starts anew; all of its containers say the same."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return platform.node()


def take(file: IO[str]) -> bool:
    """Lock an open file; False if somebody else has. A file system without locks is an OSError."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        told = "its file system has no locks; make its directory a link to one on a local disk"
        raise OSError(error.errno, f"{error.strerror}: {told}", file.name) from None
    return True


def age(path: Path) -> float:
    """Return the seconds since a file was touched, by the clock of its file system."""
    with tempfile.TemporaryFile(dir=path.parent) as now:
        return os.fstat(now.fileno()).st_mtime - path.stat().st_mtime


def _is(file: IO[str], path: Path) -> bool:
    """Tell whether an open file still has its name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def turn(path: Path) -> Iterator[None]:
    """Wait until nobody else holds the lock of this name, then hold it; the file goes at the end.

    Only work is saved by that, so a file system without locks is no error.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("a", encoding="utf-8") as file:
            try:
                ours = take(file)
            except OSError:
                ours = True
            if ours and not _is(file, path):  # who had it removed it
                continue
            if ours:
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return
        time.sleep(_POLL)
