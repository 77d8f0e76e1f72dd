"""Progress for a log: where no terminal shows a bar, a line now and then says how far the work is."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
import time
from collections.abc import Callable, Iterator

__all__ = ["Remembered", "lines", "span"]

EVERY = 30.0
"""Seconds between two lines."""


class Remembered(io.StringIO):
    """A file for a bar of tqdm that nobody sees: it holds what the bar says at the moment."""

    said = ""

    def write(self, text: str) -> int:
        """Keep the last state of the bar."""
        self.said = text.strip() or self.said
        return len(text)


@contextlib.contextmanager
def lines(tell: Callable[[float], str]) -> Iterator[None]:
    """Write a line to stderr now and then, unless that is a terminal; `tell` gets the seconds so far."""
    begun, ended = time.monotonic(), threading.Event()

    def talk() -> None:
        while not ended.wait(EVERY):
            print(tell(time.monotonic() - begun), file=sys.stderr, flush=True)

    if not sys.stderr.isatty():
        threading.Thread(target=talk, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def span(seconds: float) -> str:
    """Write a time in words.

    Examples
    --------
    >>> span(12.3), span(400)
    ('12 s', '7 min')
    """
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
