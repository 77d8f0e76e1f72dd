"""The store: whatever took long to compute, by a name that says what went into it.

A file is whole or not there, so that builds, sweeps and single runs may use one store at the same time, and a
kill at any moment loses only what was not finished. What is damaged counts as missing and is made again.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from press.run.files import write_atomically

__all__ = ["Store"]


class Store:
    """Bytes by name in one directory; the compressed files carry check sums."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """Where an entry is, or would be."""
        return self.root / f"{name}.gz"

    def get(self, name: str) -> bytes | None:
        """Return an entry; None if it is not there, or damaged."""
        try:
            return gzip.decompress(self.path(name).read_bytes()) or None
        except (OSError, EOFError, zlib.error):
            return None

    def put(self, name: str, content: bytes) -> None:
        """Keep an entry; two that write the same one at once leave one of the two, whole."""
        write_atomically(self.path(name), gzip.compress(content, mtime=0))

    def names(self) -> list[str]:
        """List what is there."""
        return sorted(path.stem for path in self.root.glob("*.gz"))
