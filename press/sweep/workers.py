"""Sweeps: a chapter at every point of a grid, on local processes or on a dask cluster by the same code.

Each finished point is one executed notebook in the directory of the sweep, written at once and named
after its content (`press.sweep.grid`). What is there is never executed again, so that a sweep that was killed
goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributed import Client, KilledWorker, LocalCluster, as_completed
from tqdm import tqdm

from press.run.environment import isolate
from press.run.execute import ChapterFailed, run
from press.run.parameters import Value
from press.run.project import Project, write_atomically
from press.sweep.grid import Point

__all__ = ["OtherCode", "Outcome", "run_point", "sweep"]

_ONE_AT_A_TIME = threading.Lock()
_WAIT = 30.0  # seconds for the scheduler, and for its first worker


class OtherCode(Exception):
    """A worker has another version of the chapter, the library or Python than the sweep."""


@dataclass
class Outcome:
    """What became of the points of a sweep.

    Parameters
    ----------
    notebooks : dict
        The executed notebooks, as parsed JSON, by the points' keys.
    errors : dict of str to str
        Why a point failed, by its key.
    executed : int
        How many points ended well in this run; the others were there.
    """

    notebooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    executed: int = 0


def sweep(
    project: Project,
    chapter: str,
    points: Sequence[Point],
    directory: Path,
    *,
    profile: str,
    workers: int = 1,
    scheduler: str | None = None,
) -> Outcome:
    """Execute a chapter at every point that is not in the directory yet.

    Parameters
    ----------
    project : Project
        The book.
    chapter : str
        The chapter's name.
    points : sequence of Point
        What to execute, all checked.
    directory : pathlib.Path
        Where the notebooks go: `points/KEY.ipynb`, and `failed/KEY.ipynb` for those that failed.
    profile : str
        Name of the profile, for the record.
    workers : int
        Number of local processes, without a scheduler.
    scheduler : str, optional
        Address of a dask scheduler, such as "tcp://127.0.0.1:8786". It and its workers run in copies of
        the project with the same content; they need no common file system.

    Returns
    -------
    Outcome
        The notebooks of all points that ended well, now or earlier, and the errors of the others.

    Raises
    ------
    ValueError
        If there is no such scheduler, it has no worker, or its workers have other code.
    OSError
        If a notebook cannot be written or the scheduler is lost; what is written stays.
    """
    outcome = Outcome()
    missing = []
    for folder in ("points", "failed"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    for point in points:
        found = _read(directory / "points" / f"{point.key}.ipynb")
        if found is None:
            missing.append(point)
        else:
            outcome.notebooks[point.key] = found
    if not missing:
        return outcome
    identity = project.identity(chapter)
    layout = "{desc} |{bar}| {n_fmt} of {total_fmt} points, {elapsed}{postfix}"
    with _client(project, min(workers, len(missing)), scheduler) as client, tqdm(
        total=len(points), initial=len(outcome.notebooks), desc=chapter, bar_format=layout, file=sys.stderr,
        ascii=" #", disable=None,
    ) as bar:  # fmt: skip
        _compare(client, chapter, identity)
        futures = {
            client.submit(
                run_point, chapter, point.values, profile, identity, key=f"{chapter}-{point.key}", pure=False
            ): point
            for point in missing
        }
        for future in as_completed(list(futures)):  # type: ignore[no-untyped-call]
            key = futures.pop(future).key
            notebook, error = _result(future)
            if error:
                outcome.errors[key] = error
                bar.set_postfix_str(f", {len(outcome.errors)} failed")
            else:
                outcome.executed += 1
                outcome.notebooks[key] = json.loads(notebook)
                (directory / "failed" / f"{key}.ipynb").unlink(missing_ok=True)
            if notebook:
                write_atomically(directory / ("failed" if error else "points") / f"{key}.ipynb", notebook)
            future.release()
            bar.update()
    return outcome


def run_point(chapter: str, values: Mapping[str, Value], profile: str, identity: str) -> str:
    """Execute one point; this is what the workers do, in the project of their working directory.

    Parameters
    ----------
    chapter : str
        The chapter's name.
    values : mapping of str to value
        Every parameter.
    profile : str
        Name of the profile.
    identity : str
        The identity of the chapter in the project that asks.

    Returns
    -------
    str
        The executed notebook, as JSON.

    Raises
    ------
    OtherCode
        If this worker's project has another identity.
    ChapterFailed
        If a cell raised an error or the gate refused the result.
    """
    project = Project.here()
    if project.identity(chapter) != identity:
        raise OtherCode(f"a worker has another version of {chapter}, opgd, press, the lock or Python")
    with _ONE_AT_A_TIME:  # the working directory and the environment belong to the whole process
        isolate(project)
        return run(project, chapter, values, profile=profile)


def _identity(chapter: str) -> str:
    """What a worker would execute; an empty string where there is no such project."""
    try:
        return Project.here().identity(chapter)
    except (ValueError, OSError):
        return ""


def _compare(client: Client, chapter: str, identity: str) -> None:
    """Refuse workers with other code before anything runs."""
    others = [where for where, found in client.run(_identity, chapter).items() if found != identity]
    if others:
        raise ValueError(
            f"workers with another version of {chapter}, opgd, press, requirements.lock or Python: "
            f"{', '.join(others)}; start them in the root of a copy of this project"
        )


def _result(future: Any) -> tuple[str, str]:
    """Return the notebook of a finished point, and why it failed if it did."""
    try:
        return str(future.result()), ""
    except ChapterFailed as failure:
        return failure.notebook, str(failure)
    except KilledWorker:
        return "", "the workers that executed it died, each time"
    except Exception as error:
        if future.status != "error":
            raise OSError("the scheduler was lost; finished points are kept") from None
        return "", f"{type(error).__name__}: {error}"


def _read(path: Path) -> dict[str, Any] | None:
    """Read a finished notebook; None if it is not there or is no notebook."""
    try:
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return notebook if notebook["metadata"]["press"]["parameters"] is not None else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _client(project: Project, workers: int, scheduler: str | None) -> Iterator[Client]:
    """Connect to a scheduler, or start one with local workers; loopback only, no dashboard."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a lost worker is reported as a result
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            with _deaf():
                address: Any = stack.enter_context(
                    LocalCluster(  # type: ignore[no-untyped-call]
                        n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1",
                        # no dashboard; what is left of the web server listens on a free port of loopback
                        scheduler_kwargs={"dashboard": False}, dashboard_address="127.0.0.1:0",
                        worker_dashboard_address="127.0.0.1:0", memory_limit=0,
                        local_directory=str(project.build / "dask"), silence_logs=logging.CRITICAL,
                    )
                )  # fmt: skip
        else:
            address = scheduler
        try:
            made = Client(address, timeout=_WAIT)  # type: ignore[no-untyped-call]
            client = stack.enter_context(made)
            client.wait_for_workers(1, timeout=_WAIT)
        except (OSError, TimeoutError, ValueError) as error:
            raise ValueError(f"scheduler {scheduler or 'of this process'}: {error}") from None
        yield client


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Let processes begun here ignore Ctrl-C: it is for the sweep, which ends them without a word."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
