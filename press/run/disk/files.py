"""Write files and directories whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

__all__ = ["replace", "restore", "write_atomically"]


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` to `path` so that the file is the old one or the new one, never a part.

    An `OSError` names the file, on a full disk, too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def replace(fresh: Path, place: Path) -> None:
    """Put a directory into the place of another by two renames; `restore` undoes the first if that was all.

    If the new directory cannot be moved, the old one is in its place again.
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


def restore(place: Path) -> None:
    """Bring a directory back that a killed `replace` had moved aside."""
    old = _aside(place)
    if old.exists() and not place.exists():
        os.replace(old, place)
    shutil.rmtree(old, ignore_errors=True)
