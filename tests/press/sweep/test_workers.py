"""Sweeps: the logic with chapters that run at once, then once for real, with kills and a cluster."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from distributed import KilledWorker

from press.run import progress
from press.run.disk.store import Store
from press.run.execute import ChapterFailed
from press.run.key import Point
from press.run.project import Project
from press.sweep import workers as module
from press.sweep.grid import points_of
from press.sweep.results import table
from press.sweep.workers import OtherCode, gather, run_point, sweep

GRID = "product: {base: [2.0, 10.0, 13.0], steps: [1, 2]}\n"
GLUE = """from myst_nb import glue

glue("second-log", math.log(base) / steps / (base != 13), display=False)
glue("second-words", f"base {base:g}", display=False)"""


@pytest.fixture
def steps(book: Project) -> Project:
    """The small book, with a second parameter in its second chapter."""
    path = book.book / "second.md"
    text = path.read_text(encoding="utf-8")
    text = text.replace("base of the logarithm\n", "base\nsteps: int = 1  # [1, 9] number of steps\n")
    path.write_text(text.replace("print(math.log(base))", GLUE), encoding="utf-8")
    return book


def points(book: Project, text: str = GRID) -> list[Point]:
    return points_of(book, "second", text, "grid.yml", profile="default", given={})


def refuse_thirteen(chapter: str, parameters: dict[str, Any]) -> None:
    if parameters.get("base") == 13.0:
        raise ChapterFailed("second: ZeroDivisionError\nin the cell", '{"partial": true}')


def test_what_is_there_is_not_executed_again(steps: Project, instant: Any, tmp_path: Path) -> None:
    wanted = points(steps)
    first = sweep(steps, wanted[:2], tmp_path)
    assert (first.executed, len(instant)) == (2, 2)
    both = sweep(steps, wanted[:4], tmp_path, workers=2)
    assert both.executed == 2 and len(instant) == 4
    assert sweep(steps, wanted[:4], tmp_path).executed == 0 and len(instant) == 4
    frame = table(wanted[:4], both)
    assert frame["second-1"].nunique() == 4 and frame["base"].tolist() == [2.0, 2.0, 10.0, 10.0]
    # another directory takes all from the store, and this one goes on without the store
    assert sweep(steps, wanted[:4], tmp_path / "other").executed == 0 and len(instant) == 4
    assert table(wanted[:4], sweep(steps, wanted[:4], tmp_path / "other")).equals(frame)
    for name in Store(steps.store).names():
        Store(steps.store).path(name).unlink()
    assert sweep(steps, wanted[:4], tmp_path).executed == 0 and len(instant) == 4


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"metadata": {}}', '{"metadata": {"press": 3}}'])
def test_half_a_notebook_does_not_count(steps: Project, instant: Any, tmp_path: Path, content: str) -> None:
    (point, *_) = points(steps)
    (tmp_path / "points").mkdir()
    (tmp_path / "points" / f"{point.key}.ipynb").write_text(content)
    assert sweep(steps, [point], tmp_path).executed == 1


def test_a_failed_point_stops_no_other_and_is_tried_again(
    steps: Project, instant: Any, tmp_path: Path
) -> None:
    wanted = points(steps)
    instant.before = refuse_thirteen
    outcome = sweep(steps, wanted, tmp_path, workers=2)
    assert outcome.executed == 4 and len(outcome.errors) == 2
    frame = table(wanted, outcome)
    assert frame["error"].tolist() == ["", "", "", "", *["second: ZeroDivisionError"] * 2]
    assert frame["second-1"].isna().tolist() == [False] * 4 + [True] * 2
    kept = tmp_path / "failed" / f"{wanted[4].key}.ipynb"
    assert kept.read_text() == '{"partial": true}'
    instant.before = lambda chapter, parameters: None
    assert sweep(steps, wanted, tmp_path).errors == {} and not kept.exists()


def test_no_more_run_at_once_than_there_are_workers_and_the_first_begin_first(
    steps: Project, instant: Any
) -> None:
    seen: list[list[float]] = []
    wanted = points(steps)

    def watch(running: list[Point]) -> None:
        seen.append([wanted.index(point) for point in running])

    instant.before = lambda chapter, parameters: time.sleep(0.05)
    ended = [wanted.index(end.point) for end in gather(steps, wanted, workers=2, watch=watch)]
    assert sorted(ended) == [0, 1, 2, 3, 4, 5] and max(map(len, seen)) == 2
    assert seen[0] == [0, 1] and max(ended[:3]) < 5


class Broken(Executor):
    """Workers on which everything goes wrong in one way."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.error is None:
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_exception(self.error)
        return future


@contextlib.contextmanager
def broken(error: Exception | None) -> Iterator[Executor]:
    yield Broken(error)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KilledWorker("x", None, 3), "the workers that executed it died, each time"),
        (OtherCode("other"), "OtherCode: other"),
        (OSError("disk"), "OSError: disk"),
    ],
)
def test_what_goes_wrong_on_a_worker_is_told(
    steps: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    monkeypatch.setattr(module, "_executor", lambda *arguments: broken(error))
    assert list(sweep(steps, points(steps)[:1], tmp_path).errors.values()) == [message]


def test_a_lost_scheduler_ends_the_sweep(
    steps: Project, instant: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = points(steps)
    sweep(steps, wanted[:1], tmp_path)
    monkeypatch.setattr(module, "_executor", lambda *arguments: broken(None))
    with pytest.raises(OSError, match="scheduler was lost; finished points are kept"):
        sweep(steps, wanted, tmp_path)
    assert len(list((tmp_path / "points").iterdir())) == 1


def test_a_worker_checks_its_code_for_each_point(steps: Project, instant: Any) -> None:
    with pytest.raises(OtherCode, match="another version of second"):
        run_point("second", "default", {"base": 2.0, "steps": 1}, "0" * 24)
    assert instant == []


def test_a_scheduler_that_is_not_there(steps: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT", 0.5)
    with pytest.raises(ValueError, match=r"scheduler tcp://127\.0\.0\.1:1: "):
        list(gather(steps, points(steps)[:1], scheduler="tcp://127.0.0.1:1"))


def test_a_dead_scheduler_leaves_no_directory(
    steps: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAIT", 0.5)
    with pytest.raises(ValueError, match="scheduler tcp"):
        sweep(steps, points(steps)[:1], tmp_path / "new", scheduler="tcp://127.0.0.1:1")
    assert list(tmp_path.glob("new*")) == []


def test_another_chapter_does_not_take_a_directory(steps: Project, instant: Any, tmp_path: Path) -> None:
    sweep(steps, points(steps)[:1], tmp_path / "sweep")
    before = sorted((tmp_path / "sweep").rglob("*"))
    other = points_of(steps, "first", "points: [{}]", "grid.yml", profile="default", given={})
    with pytest.raises(ValueError, match="sweep holds a sweep of second: name another directory"):
        sweep(steps, other, tmp_path / "sweep")
    assert sorted((tmp_path / "sweep").rglob("*")) == before and instant == ["second"]


def test_two_sweeps_at_once_share_the_work(steps: Project, instant: Any, tmp_path: Path) -> None:
    instant.before = lambda chapter, parameters: time.sleep(0.2)
    with ThreadPoolExecutor(2) as two:
        pair = [two.submit(sweep, steps, points(steps), tmp_path / name) for name in ("one", "two")]
    assert len(instant) == 6
    assert all(len(one.result().notebooks) == 6 for one in pair)


def test_in_a_log_lines_say_how_far_a_sweep_is(
    steps: Project,
    instant: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.05)
    instant.before = lambda chapter, parameters: time.sleep(0.3)
    sweep(steps, points(steps)[:2], tmp_path)
    said = capsys.readouterr().err.splitlines()
    assert "second: 0 of 2 points, 0 failed, 0 s; running: 1" in said
    assert any(line.startswith("second: 1 of 2 points") and " left" in line for line in said)


def test_errors_survive_the_way_between_processes() -> None:
    there = pickle.loads(pickle.dumps(ChapterFailed("why", "{}")))
    assert (str(there), there.notebook) == ("why", "{}")


def test_a_full_disk_is_an_error_and_earlier_results_stay(
    steps: Project, instant: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = points(steps)[:4]
    list(gather(steps, wanted))
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", str(disk)]
    real = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        if not real:  # no right to mount: the third file meets the same error
            written: list[Path] = []
            replace = os.replace

            def full(source: Path, target: Path) -> None:
                if len(written) == 2:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                written.append(target)
                replace(source, target)

            monkeypatch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space left on device"):
            sweep(steps, wanted, disk)
        there = sorted((disk / "points").iterdir())
        assert 1 <= len(there) < 4
        assert [path.name for path in there if path.name.startswith(".")] == []
        kept = [path.read_text() for path in there]
        assert all(json.loads(text)["cells"] for text in kept)
    finally:
        if real:
            subprocess.run(["umount", str(disk)], check=True)


def start(book: Project, directory: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "press", "sweep", "second", "grid.yml", "-o", str(directory), *options]
    return subprocess.Popen(
        command,
        cwd=book.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(directory: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while len(list(directory.glob("points/*.ipynb"))) < count and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextlib.contextmanager
def cluster(root: Path, scratch: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler and two workers, started by hand on loopback; gives the address and one worker."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, common = f"tcp://127.0.0.1:{port}", ["--host", "127.0.0.1", "--no-dashboard"]
    worker = ["worker", address, *common, "--nthreads", "1", "--no-nanny", "--local-directory", str(scratch)]
    commands = [["scheduler", *common, "--port", str(port)], worker, worker]
    running = [
        subprocess.Popen([sys.executable, "-m", "dask", *c], cwd=root, stderr=subprocess.DEVNULL)
        for c in commands
    ]
    try:
        yield address, running[1]
    finally:
        for one in running:
            one.kill()
            one.wait()


def test_a_cluster_loses_a_worker_then_the_sweep_is_killed_and_goes_on_elsewhere(
    steps: Project, tmp_path: Path
) -> None:
    book = steps
    text = "product: {base: [2.0, 10.0, 13.0]}\npoints: [{steps: 3}]\n"
    (book.root / "grid.yml").write_text(text)
    directory = tmp_path / "sweep"
    copy = tmp_path / "another machine"  # no common file system
    shutil.copytree(book.root, copy)
    with cluster(copy, tmp_path) as (address, worker):
        process = start(book, directory, "--scheduler", address)
        wait_for(directory, 1, process)
        worker.kill()
        wait_for(directory, 2, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    before = {path.name: path.stat().st_mtime_ns for path in directory.glob("points/*.ipynb")}
    assert len(before) >= 2 and not (directory / "table.csv").exists()

    process = start(book, directory, "-j", "2")
    said, errors = process.communicate()
    assert process.returncode == 1, errors  # base = 13 fails
    assert f"4 points: {len(before)} were there, {3 - len(before)} executed, 1 failed" in said
    assert "'base': 13.0" in errors and "ZeroDivisionError" in errors and "distributed" not in errors
    assert all((directory / "points" / name).stat().st_mtime_ns == stamp for name, stamp in before.items())
    lines = [line.split(",", 1)[1] for line in (directory / "table.csv").read_text().splitlines()]
    assert lines == [
        "base,steps,second-log,second-words,error",
        f"2.0,1,{math.log(2)},base 2,",
        f"10.0,1,{math.log(10)},base 10,",
        "13.0,1,,,second: ZeroDivisionError in the cell",
        f"10.0,3,{math.log(10) / 3},base 10,",
    ]
    assert pd.read_parquet(directory / "table.parquet")["second-log"].iloc[3] == math.log(10) / 3
    page = (directory / "index.html").read_text()
    assert "second-log against base" in page and "Failed points" in page
    assert not list(book.build.glob("run-*"))
