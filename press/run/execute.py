"""Execute a chapter once: text -> clean notebook -> papermill -> store; then join it to today's prose."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat

from press.run import environment, refusals
from press.run.disk.files import write_atomically
from press.run.disk.lock import age, here, take, turn
from press.run.disk.store import Store
from press.run.key import Point
from press.run.notebook import clean_notebook, dump, join
from press.run.outputs import SECONDS
from press.run.parameters import read_parameters
from press.run.project import Project

__all__ = ["ChapterFailed", "busy", "clean_notebook", "execute", "finish", "keep_partial", "obtain", "recall"]

_BAR = "{desc} |{bar}| cell {n_fmt} of {total_fmt}, {elapsed}"
_FOREIGN = 7 * 86400.0  # seconds after which what another machine has made counts as left behind
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class ChapterFailed(Exception):
    """A chapter raised an error or was refused; with the notebook up to there, as JSON, if there is one."""

    def __init__(self, message: str, notebook: str = "") -> None:
        super().__init__(message, notebook)  # both, so that the error survives the way to another process

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def notebook(self) -> str:
        """The notebook up to the failure, as JSON."""
        return str(self.args[1])


def obtain(project: Project, point: Point, *, progress: bool = False) -> dict[str, Any]:
    """Return the run of a point: from the store, or executed now and put there.

    What another process executes at this moment is waited for.
    """
    if found := recall(project, point):
        return found
    with turn(_lock(project, point)):
        return recall(project, point) or execute(project, point, progress=progress)


def busy(project: Project, point: Point) -> bool:
    """Tell whether somebody executes a point at this moment; without locks nobody seems to."""
    try:
        with _lock(project, point).open("r", encoding="utf-8") as file:
            return not take(file)
    except OSError:
        return False


def _lock(project: Project, point: Point) -> Path:
    return project.store / f".{point.name}.lock"


def recall(project: Project, point: Point) -> dict[str, Any] | None:
    """Return the run of a point from the store; None if there is none, or it is damaged."""
    try:
        run: dict[str, Any] = json.loads(Store(project.store).get(point.name) or b"")
        return run if run["metadata"]["press"]["made_of"] == point.made_of else None
    except (ValueError, KeyError, TypeError):
        return None


def execute(project: Project, point: Point, *, progress: bool = False) -> dict[str, Any]:
    """Execute a point and put its run into the store; raise `ChapterFailed` if that went wrong.

    Each run has a kernel of its own. With `progress`, a bar over the cells is shown on stderr.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from press.run.kernel import kernels

    chapter, source = point.chapter, project.source(point.chapter)
    declared = read_parameters(source)
    changed = {name: value for name, value in point.values.items() if value != declared[name].default}
    bar = {"desc": chapter, "bar_format": _BAR, "file": sys.stderr, "ascii": " #"}
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what goes wrong is told below
    project.build.mkdir(exist_ok=True)
    _sweep_up(project.build)
    if "matplotlib" in source.read_text(encoding="utf-8"):
        environment.prepare(project)
    with (
        _scratch(project.build) as scratch,
        tempfile.TemporaryDirectory(prefix="press-", ignore_cleanup_errors=True) as short,
    ):
        (scratch / "sockets").symlink_to(short)
        raw = scratch / f"{chapter}.ipynb"
        commit, started, clock = environment.commit(project.root), datetime.now(UTC), time.monotonic()
        try:
            papermill.execute_notebook(
                clean_notebook(source), str(raw), changed, kernel_name="python3", language="python",
                progress_bar=bar if progress else False, log_output=False, cwd=str(project.root),
                kernel_manager_class=kernels(scratch, Path(short)),
            )  # fmt: skip
        except (PapermillExecutionError, RuntimeError) as error:  # the latter if the kernel died
            partial = raw.read_text(encoding="utf-8") if raw.is_file() else ""
            known = isinstance(error, PapermillExecutionError)
            told = _summary(chapter, error) if known else _death(chapter, partial, error, scratch)
            raise ChapterFailed(told, partial) from None
        except FileNotFoundError:
            if scratch.is_dir():
                raise
            raise ChapterFailed(
                f"{chapter}: {project.build} was removed while it ran; run it again"
            ) from None
        run = nbformat.from_dict(json.loads(raw.read_text(encoding="utf-8")))  # type: ignore[no-untyped-call]
    seconds = _borrowed(run) + time.monotonic() - clock
    _describe(run, point, commit=commit, started=started, seconds=round(seconds, 3))
    nbformat.validate(run)
    if faults := refusals.went_wrong(run, chapter):
        raise ChapterFailed("\n".join(faults), dump(run))
    if Point.of(project, chapter, point.profile, point.values).key != point.key:
        raise ChapterFailed(f"{chapter}: it was changed, or what it imports, while it ran; run it again")
    Store(project.store).put(point.name, dump(run).encode())
    return dict(run)


def finish(project: Project, chapter: str, run: Mapping[str, Any]) -> dict[str, Any]:
    """Join a run to today's prose, and refuse what must not be published (`press.run.refusals`)."""
    source = project.source(chapter)
    own = {name: parameter.default for name, parameter in read_parameters(source).items()}
    try:
        notebook = join(clean_notebook(source), run, defaults=run["metadata"]["press"]["parameters"] == own)
    except ValueError as error:
        raise ChapterFailed(f"{chapter}: {error}", dump(run)) from None
    del notebook.metadata.press["made_of"]
    if faults := refusals.inspect(notebook, chapter):
        raise ChapterFailed("\n".join(faults), dump(notebook))
    return notebook


def keep_partial(project: Project, chapter: str, failure: ChapterFailed) -> str:
    """Write the notebook up to a failure to `_build/failed/`, and return what to tell."""
    if not failure.notebook:
        return str(failure)
    path = project.failed / f"{chapter}.ipynb"
    write_atomically(path, failure.notebook)
    return f"{failure}\nthe notebook up to there is {path.relative_to(project.root)}"


def _borrowed(run: nbformat.NotebookNode) -> float:
    """Take out the notes on what earlier runs had computed, and return the seconds that it took them."""
    seconds = 0.0
    for cell in run.cells:
        notes = [output for output in cell.get("outputs", []) if SECONDS in output.get("data", {})]
        seconds += sum(float(note["data"][SECONDS]["seconds"]) for note in notes)
        if notes:
            cell["outputs"] = [output for output in cell.outputs if output not in notes]
    return seconds


def _describe(
    run: nbformat.NotebookNode, point: Point, *, commit: str, started: datetime, seconds: float
) -> None:
    """Put into the metadata where a run came from; paths of this machine are taken out."""
    run.metadata["press"] = {
        "chapter": point.chapter,
        "profile": point.profile,
        "parameters": dict(point.values),
        "started": started.isoformat(timespec="seconds"),
        "seconds": seconds,
        "machine": environment.machine(),
        "processors": os.cpu_count(),
        "versions": environment.versions(),
        "commit": commit,
        "key": point.key,
        "made_of": dict(point.made_of),
    }
    for key in ("input_path", "output_path", "environment_variables"):
        run.metadata.get("papermill", {}).pop(key, None)


@contextlib.contextmanager
def _scratch(build: Path) -> Iterator[Path]:
    """Make a directory for one run, locked while the run is alive."""
    with (
        tempfile.TemporaryDirectory(dir=build, prefix="run-", ignore_cleanup_errors=True) as made,
        (Path(made) / "lock").open("w", encoding="utf-8") as file,
    ):
        with contextlib.suppress(OSError):  # without locks what killed processes leave stays for long
            take(file)
        file.write(here())
        file.flush()
        yield Path(made)


def _sweep_up(build: Path) -> None:
    """Remove the scratch directories that killed processes have left; others may be doing the same."""
    for left in build.glob("run-*"):
        with contextlib.suppress(FileNotFoundError):  # it has just been removed
            if _is_dead(left):
                with contextlib.suppress(OSError):
                    shutil.rmtree((left / "sockets").readlink(), ignore_errors=True)
                shutil.rmtree(left, ignore_errors=True)


def _is_dead(left: Path) -> bool:
    """Tell whether the process that made a scratch directory is gone."""
    try:
        with (left / "lock").open("r+", encoding="utf-8") as file:
            ours = file.read() == here()
            return (ours or age(left / "lock") > _FOREIGN) and take(file)
    except OSError:  # it has just begun, or there are no locks
        return left.is_dir() and age(left) > _FOREIGN


def _summary(chapter: str, error: Any) -> str:
    """Say which cell failed, its source, and the end of the traceback."""
    trace = _ANSI.sub("", "\n".join(error.traceback)).splitlines()[-15:]
    what = f"{chapter}: {error.ename} in the cell"
    return "\n".join([what, *_source(error.source), *(f"  {line}" for line in trace)])


def _death(chapter: str, partial: str, error: RuntimeError, scratch: Path) -> str:
    """Say in which cell the kernel died, what it said last, and what the reason may be."""
    log = scratch / "kernel.log"
    last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:] if log.is_file() else []
    said = ["  The last that the kernel said:", *(f"    {line}" for line in last)] if last else []
    code = [c for c in json.loads(partial or '{"cells": []}')["cells"] if c["cell_type"] == "code"]
    own = [cell for cell in code if "injected-parameters" not in cell["metadata"].get("tags", [])]
    begun = [cell for cell in own if cell["metadata"].get("papermill", {}).get("start_time")]
    if not begun:
        return "\n".join([f"{chapter}: the kernel died before its first cell: {error}", *said])
    return "\n".join(
        [
            f"{chapter}: the kernel died in code cell {len(begun)}",
            *_source("".join(begun[-1]["source"])),
            *said,
            "  The program ended itself, or the system ended it; that happens where memory is short.",
            "  Smaller counts, fewer chapters at a time (-j) or more memory may help.",
        ]
    )


def _source(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()[:12]]
