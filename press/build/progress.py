"""What a build shows: progress over chapters, failures in full, where the book is, how long it took."""

from __future__ import annotations

import sqlite3
import sys
import time
from typing import Any

from doit.exceptions import InvalidTask
from doit.globals import Globals
from doit.reporter import ConsoleReporter
from tqdm import tqdm

__all__ = ["BookReporter"]


class BookReporter(ConsoleReporter):  # type: ignore[misc]
    """A doit reporter with one progress bar.

    Parameters
    ----------
    outstream : file
        Where doit writes.
    options : dict
        Options of doit's reporters.
    """

    desc = "progress bar over chapters"

    def __init__(self, outstream: Any, options: Any) -> None:
        super().__init__(outstream, options)
        self.begun = time.monotonic()
        self.started: dict[str, float] = {}
        self.executed = 0
        self.html = ""
        self.bar: Any = None

    def initialize(self, tasks: Any, selected_tasks: Any) -> None:
        """Open the bar.

        Parameters
        ----------
        tasks : dict
            All tasks by name.
        selected_tasks : list of str
            Those asked for.
        """
        super().initialize(tasks, selected_tasks)
        chapters = [name for name in tasks if name.startswith("chapter:")]
        self.html = next((str(t) for t in getattr(tasks.get("html"), "targets", [])), "")
        layout = "{desc} |{bar}| {n_fmt}/{total_fmt} chapters, {elapsed}{postfix}"
        self.bar = tqdm(total=len(chapters), desc="book", bar_format=layout, file=sys.stderr, ascii=" #")

    def execute_task(self, task: Any) -> None:
        """Note that a task begins.

        Parameters
        ----------
        task : doit.task.Task
            The task.
        """
        self.started[task.name] = time.monotonic()
        if task.name == "html":
            self.bar.set_postfix_str("building the pages")
        self._show()

    def add_success(self, task: Any) -> None:
        """Say how long a chapter took; a build that is killed goes on from here.

        Parameters
        ----------
        task : doit.task.Task
            The task that ended well.
        """
        _write_down()
        self._end(task, "executed")

    def add_failure(self, task: Any, fail: Any) -> None:
        """Say that a task failed; doit prints its output at the end.

        Parameters
        ----------
        task : doit.task.Task
            The task.
        fail : doit.exceptions.BaseFail
            Why.
        """
        super().add_failure(task, fail)
        _write_down()
        self._end(task, "FAILED")

    def skip_uptodate(self, task: Any) -> None:
        """Count a chapter that need not be executed.

        Parameters
        ----------
        task : doit.task.Task
            The task.
        """
        if task.name.startswith("chapter:"):
            self.bar.update()

    def complete_run(self) -> None:
        """Print failures, or where the book is and how long it took."""
        if self.bar is not None:
            self.bar.set_postfix_str("")
            self.bar.close()
        super().complete_run()
        seconds = time.monotonic() - self.begun
        if self.failures or self.runtime_errors:
            self.write(f"The book was not built ({seconds:.1f} s); the failures are above.\n")
        elif self.html:
            self.write(f"The book is {self.html} ({self.executed} chapters executed, {seconds:.1f} s).\n")

    def _end(self, task: Any, word: str) -> None:
        begun = self.started.pop(task.name, time.monotonic())
        if task.name.startswith("chapter:"):
            self.executed += 1
            tqdm.write(f"  {task.name[8:]}: {word} in {time.monotonic() - begun:.1f} s", file=sys.stderr)
            self.bar.update()
        self._show()

    def _show(self) -> None:
        running = [name[8:] for name in self.started if name.startswith("chapter:")]
        if running:
            self.bar.set_postfix_str("running " + ", ".join(running))


def _write_down() -> None:
    """Write to disk what is done; doit itself does so at its end only, and with a traceback if it cannot."""
    if Globals.dep_manager is None:
        return
    state = Globals.dep_manager.backend
    try:
        state.dump()  # which closes it, too
    except sqlite3.Error as error:
        state.dump = lambda: None  # doit would try again
        raise InvalidTask(f"press: error: {state.name} cannot be written: {error}") from None
    state.__init__(state.name, state.codec)
