"""Runs of many points, a chapter's or the whole book's: threads here, or the workers of a dask cluster.

Every run has a process of its own, its kernel; what waits for it is a thread of this process, or a worker of
the cluster. Each run is put into the store as soon as it is done.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from press.run.disk.files import write_atomically
from press.run.disk.store import Store
from press.run.environment import isolate
from press.run.execute import ChapterFailed, busy, finish, obtain, recall
from press.run.key import Point
from press.run.notebook import dump
from press.run.parameters import Value
from press.run.progress import Remembered, lines, span
from press.run.project import Project

__all__ = ["Ended", "OtherCode", "Outcome", "gather", "run_point", "sweep"]

_LOCK = threading.Lock()
_WAIT = 30.0  # seconds for the scheduler, and for its first worker


class OtherCode(Exception):
    """A worker has another version of the chapter, the library or Python than was asked for."""


@dataclass(frozen=True)
class Ended:
    """How a point ended: its notebook, with the prose of today, or why there is none."""

    point: Point
    notebook: dict[str, Any]
    failure: ChapterFailed | None
    executed: bool


@dataclass
class Outcome:
    """What became of the points of a sweep: notebooks and errors by key, and how many were executed now."""

    notebooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    executed: int = 0


def gather(
    project: Project,
    points: Sequence[Point],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    watch: Callable[[list[Point]], None] = lambda running: None,
) -> Iterator[Ended]:
    """Give the notebook of each point as soon as it is there; what the store does not have is executed.

    `scheduler` is the address of a dask scheduler. Its workers run in copies of the project with the same
    content and need no common file system. `watch` is told every second what is running.
    """
    missing = []
    for point in points:
        run = recall(project, point)
        if run is None:
            missing.append(point)
        else:
            yield _end(project, point, lambda run=run: run, executed=False)  # type: ignore[misc]
    if not missing:
        return
    waiting, running = list(missing), dict[Future[str], Point]()
    with _executor(missing[0], workers, scheduler) as executor:
        while waiting or running:
            while waiting and (scheduler or len(running) < workers):
                point = next((one for one in waiting if not busy(project, one)), waiting[0])
                waiting.remove(point)
                asked = (point.chapter, point.profile, dict(point.values), point.key)
                running[executor.submit(run_point, *asked)] = point
            watch(list(running.values()))
            for future in wait(running, timeout=1, return_when=FIRST_COMPLETED).done:
                point = running.pop(future)
                yield _end(project, point, lambda future=future: json.loads(future.result()), executed=True)  # type: ignore[misc]


def sweep(
    project: Project,
    points: Sequence[Point],
    directory: Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
) -> Outcome:
    """Bring the notebooks of all points into a directory: `points/KEY.ipynb`, and `failed/KEY.ipynb`.

    What is there stays, so that a sweep that was killed goes on where it stopped. A directory that holds
    another chapter's sweep is a ValueError; one in which nothing was written goes again.
    """
    outcome = Outcome()
    if other := _owner(directory) - {points[0].chapter}:
        raise ValueError(f"{directory} holds a sweep of {other.pop()}: name another directory")
    folders = [directory, directory / "points", directory / "failed"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for point in points:
        if found := _read(directory / "points" / f"{point.key}.ipynb"):
            outcome.notebooks[point.key] = found
    missing = [point for point in points if point.key not in outcome.notebooks]
    layout = "{desc} |{bar}| {n_fmt} of {total_fmt} points, {elapsed}{postfix}"
    there, running = len(outcome.notebooks), list[Point]()

    def tell(seconds: float) -> str:
        done = bar.n - there
        left = f", {span(seconds / done * (bar.total - bar.n))} left" if done else ""
        said = f"{bar.n} of {bar.total} points, {len(outcome.errors)} failed, {span(seconds)}{left}"
        return f"{points[0].chapter}: {said}; running: {len(running)}"

    with (
        contextlib.ExitStack() as stack,
        tqdm(
            total=len(points), initial=there, desc=points[0].chapter, bar_format=layout,
            file=sys.stderr if sys.stderr.isatty() else Remembered(), ascii=" #",
        ) as bar,
        lines(tell),
    ):  # fmt: skip
        for folder in folders:
            stack.callback(_remove_empty, folder)

        def watch(now: list[Point]) -> None:
            running[:] = now

        for ended in gather(project, missing, workers=workers, scheduler=scheduler, watch=watch):
            key = ended.point.key
            failed = directory / "failed" / f"{key}.ipynb"
            if ended.failure:
                outcome.errors[key] = str(ended.failure)
                bar.set_postfix_str(f", {len(outcome.errors)} failed")
                if ended.failure.notebook:
                    write_atomically(failed, ended.failure.notebook)
            else:
                outcome.notebooks[key] = ended.notebook
                outcome.executed += ended.executed
                write_atomically(directory / "points" / f"{key}.ipynb", dump(ended.notebook))
                failed.unlink(missing_ok=True)
            bar.update()
    return outcome


def run_point(chapter: str, profile: str, values: Mapping[str, Value], key: str) -> str:
    """Return the run of a point, as JSON; this is what workers do, in the project of their directory."""
    project = Project.here()
    with _LOCK:  # the environment belongs to the whole process
        if os.environ.get("MPLCONFIGDIR") != str(project.build / "settings" / "matplotlib"):
            isolate(project)
    point = Point.of(project, chapter, profile, values)
    if point.key != key:
        raise OtherCode(f"another version of {chapter}, opgd, press, the lock or Python than was asked for")
    return dump(obtain(project, point))


def _end(project: Project, point: Point, result: Callable[[], dict[str, Any]], *, executed: bool) -> Ended:
    """Fetch a run, join it to today's prose, and say what went wrong."""
    try:
        run = result()
        if executed and recall(project, point) is None:  # it was made on another machine
            Store(project.store).put(point.name, dump(run).encode())
        return Ended(point, finish(project, point.chapter, run), None, executed)
    except ChapterFailed as failure:
        return Ended(point, {}, failure, executed)
    except CancelledError:
        raise OSError("the scheduler was lost; finished points are kept") from None
    except Exception as error:
        killed = type(error).__name__ == "KilledWorker"
        told = (
            "the workers that executed it died, each time" if killed else f"{type(error).__name__}: {error}"
        )
        return Ended(point, {}, ChapterFailed(told), executed)


def _key(chapter: str, profile: str, values: Mapping[str, Value]) -> str:
    """What a worker would execute; an empty string where there is no such chapter."""
    try:
        return Point.of(Project.here(), chapter, profile, values).key
    except (ValueError, OSError):
        return ""


def _owner(directory: Path) -> set[str]:
    """The chapters whose points lie in a directory; empty for a new one."""
    found = (_read(path) for path in (directory / "points").glob("*.ipynb"))
    return {notebook["metadata"]["press"]["chapter"] for notebook in found if notebook}


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # it is not empty
        folder.rmdir()


def _read(path: Path) -> dict[str, Any] | None:
    """Read a finished notebook; None if it is not there or is no notebook."""
    try:
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return notebook if notebook["metadata"]["press"]["parameters"] is not None else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _executor(first: Point, workers: int, scheduler: str | None) -> Iterator[Executor]:
    """Threads of this process, or the workers of a dask cluster, if they have the same code."""
    if scheduler is None:
        pool = ThreadPoolExecutor(workers)
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # what runs still ends with this process
        return
    import dask
    from distributed import Client

    dask.config.refresh(paths=[], env={})  # the caller's own settings are for other clusters
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a lost worker is reported as a result
    with contextlib.ExitStack() as stack:
        try:
            client = stack.enter_context(Client(scheduler, timeout=_WAIT))  # type: ignore[no-untyped-call]
            client.wait_for_workers(1, timeout=_WAIT)
        except (OSError, TimeoutError, ValueError) as error:
            raise ValueError(f"scheduler {scheduler}: {error}") from None
        found = client.run(_key, first.chapter, first.profile, dict(first.values))
        if others := [where for where, key in found.items() if key != first.key]:
            raise ValueError(
                f"workers with another version of {first.chapter}, opgd, press, requirements.lock or Python: "
                f"{', '.join(others)}; start them in the root of a copy of this project"
            )
        yield client.get_executor(pure=False)
