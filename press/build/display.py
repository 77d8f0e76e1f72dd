"""What a build shows while it executes chapters: which of them run, how long each took, what remains."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from tqdm import tqdm

from press.build.plan import Wanted
from press.run.key import Point
from press.run.progress import Remembered, lines, span
from press.sweep.workers import Ended

__all__ = ["Progress", "announce"]


class Progress:
    """A bar over the chapters on stderr, in a log a line now and then; a line for each that was executed."""

    def __init__(self, wanted: Sequence[Wanted], workers: int) -> None:
        self.workers = workers
        self.left = {one.point.key: one.seconds for one in wanted if one.why}
        self.begun: dict[str, float] = {}
        layout = "{desc} |{bar}| {n_fmt}/{total_fmt} chapters, {elapsed}{postfix}"
        self.running: list[str] = []
        self.log = lines(self.line)
        self.log.__enter__()
        file = sys.stderr if sys.stderr.isatty() else Remembered()
        self.bar = tqdm(total=len(wanted), desc="book", bar_format=layout, file=file, ascii=" #")

    def watch(self, running: Sequence[Point]) -> None:
        """Show what runs, and how long the rest may take."""
        now = time.monotonic()
        for point in running:
            self.begun.setdefault(point.key, now)
        self.running = [point.chapter for point in running]
        self.bar.set_postfix_str(f"running {', '.join(self.running)}{self.remaining()}")

    def line(self, seconds: float) -> str:
        """Say the same in a line."""
        done = f"{self.bar.n} of {self.bar.total} chapters, {span(seconds)}{self.remaining()}"
        return f"book: {done}; running: {', '.join(self.running)}"

    def remaining(self) -> str:
        """Say how long the chapters that are left may take, if all of them are known."""
        now, left = time.monotonic(), []
        for key, seconds in self.left.items():
            if seconds is None:
                return ""
            left.append(max(seconds - (now - self.begun.get(key, now)), 0.0))
        return f", {span(max(sum(left) / self.workers, max(left, default=0.0)))} left"

    def ended(self, end: Ended) -> None:
        """Count a chapter; say how long it took if it was executed."""
        key, word = end.point.key, "FAILED" if end.failure else "executed"
        self.left.pop(key, None)
        if end.executed:
            took = time.monotonic() - self.begun[key]
            tqdm.write(f"  {end.point.chapter}: {word} in {took:.1f} s", file=sys.stderr)
        self.bar.update()

    def close(self) -> None:
        """End the bar."""
        self.log.__exit__(None, None, None)
        self.bar.set_postfix_str("")
        self.bar.close()


def announce(wanted: Sequence[Wanted]) -> None:
    """Say what will be executed, and why."""
    missing = [one for one in wanted if one.why]
    if missing:
        print(f"{len(missing)} of {len(wanted)} chapters to execute:", file=sys.stderr)
    for one in missing:
        usual = "" if one.seconds is None else f" ({span(one.seconds)} the last time)"
        print(f"  {one.point.chapter}: {one.why}{usual}", file=sys.stderr)
