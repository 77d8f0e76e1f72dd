"""Sweeps: the logic with workers in this process, then once for real, with kills."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from distributed import KilledWorker
from distributed.client import FutureCancelledError

from press.run.execute import ChapterFailed
from press.run.project import Project
from press.sweep import workers as module
from press.sweep.grid import Point, points_of
from press.sweep.results import table
from press.sweep.workers import OtherCode, Outcome, run_point, sweep

GRID = "product: {base: [2.0, 10.0, 13.0], steps: [1, 2]}\n"


class Inline:
    """A client whose workers are this process."""

    def __init__(self) -> None:
        self.ran: list[dict[str, Any]] = []

    def run(self, function: Any, *arguments: Any) -> dict[str, Any]:
        return {"inline": function(*arguments)}

    def submit(self, function: Any, *arguments: Any, key: str, pure: bool) -> Any:
        self.ran.append(arguments[1])
        return Future(function, arguments)


class Future:
    status = "error"

    def __init__(self, function: Any, arguments: Any) -> None:
        self.call = function, arguments

    def result(self) -> Any:
        return self.call[0](*self.call[1])

    def release(self) -> None:
        """Nothing is held."""


def executed(chapter: str, values: dict[str, Any], profile: str, identity: str) -> str:
    """Stand in for the execution of a chapter."""
    if values["base"] == 13.0:
        raise ChapterFailed("second: ZeroDivisionError\nin the cell", '{"partial": true}')
    prefix = "application/papermill.record/"
    glued = {
        "metadata": {"scrapbook": {"name": "second-log", "mime_prefix": prefix}},
        "data": {f"{prefix}text/plain": repr(values["base"] / values["steps"])},
    }
    return json.dumps({"metadata": {"press": {"parameters": values}}, "cells": [{"outputs": [glued]}]})


@pytest.fixture
def inline(book: Project, monkeypatch: pytest.MonkeyPatch) -> Inline:
    client = Inline()

    @contextlib.contextmanager
    def connect(*arguments: Any) -> Iterator[Inline]:
        yield client

    monkeypatch.chdir(book.root)
    monkeypatch.setattr(module, "_client", connect)
    monkeypatch.setattr(module, "as_completed", list)
    monkeypatch.setattr(module, "run_point", executed)
    add_steps(book)
    return client


def add_steps(book: Project) -> None:
    path = book.book / "second.md"
    text = path.read_text(encoding="utf-8")
    text = text.replace("base of the logarithm\n", "base\nsteps: int = 1  # [1, 9] number of steps\n")
    text = text.replace("print(math.log(base))", GLUE)
    path.write_text(text, encoding="utf-8")


GLUE = """from myst_nb import glue

glue("second-log", math.log(base) / steps / (base != 13), display=False)
glue("second-words", f"base {base:g}", display=False)"""


def points(book: Project, text: str = GRID) -> list[Point]:
    return points_of(book, "second", text, "grid.yml", profile="default", given={})


def go(book: Project, directory: Path, wanted: list[Point]) -> Outcome:
    return sweep(book, "second", wanted, directory, profile="default", workers=1)


def test_what_is_there_is_not_executed_again(book: Project, inline: Inline, tmp_path: Path) -> None:
    wanted = points(book)
    first = go(book, tmp_path, wanted[:2])
    assert (first.executed, len(inline.ran)) == (2, 2)
    both = go(book, tmp_path, wanted[:4])
    assert both.executed == 2 and inline.ran == [point.values for point in wanted[:4]]
    assert go(book, tmp_path, wanted[:4]).executed == 0 and len(inline.ran) == 4
    assert table(wanted[:4], both)["second-log"].tolist() == [2.0, 1.0, 10.0, 5.0]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"metadata": {}}', '{"metadata": {"press": 3}}'])
def test_half_a_notebook_does_not_count(book: Project, inline: Inline, tmp_path: Path, content: str) -> None:
    (point, *_) = points(book)
    (tmp_path / "points").mkdir()
    (tmp_path / "points" / f"{point.key}.ipynb").write_text(content)
    assert go(book, tmp_path, [point]).executed == 1


def test_a_failed_point_stops_no_other_and_is_tried_again(
    book: Project, inline: Inline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = points(book)
    outcome = go(book, tmp_path, wanted)
    assert outcome.executed == 4 and len(outcome.errors) == 2
    frame = table(wanted, outcome)
    assert frame["error"].tolist() == ["", "", "", "", *["second: ZeroDivisionError"] * 2]
    assert frame["second-log"].isna().tolist() == [False] * 4 + [True] * 2
    kept = tmp_path / "failed" / f"{wanted[4].key}.ipynb"
    assert kept.read_text() == '{"partial": true}'
    monkeypatch.setattr(
        module, "run_point", lambda c, values, p, i: executed(c, values | {"base": 1.0}, p, i)
    )
    assert go(book, tmp_path, wanted).errors == {} and not kept.exists()


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KilledWorker("x", None, 3), "error", "the workers that executed it died, each time"),
        (OtherCode("other"), "error", "OtherCode: other"),
        (OSError("disk"), "error", "OSError: disk"),
    ],
)
def test_what_goes_wrong_on_a_worker_is_told(
    book: Project,
    inline: Inline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: str,
    message: str,
) -> None:
    def fail(*arguments: Any) -> str:
        raise error

    monkeypatch.setattr(module, "run_point", fail)
    assert list(go(book, tmp_path, points(book)[:1]).errors.values()) == [message]


def test_a_lost_scheduler_ends_the_sweep(
    book: Project, inline: Inline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = points(book)
    go(book, tmp_path, wanted[:1])

    def cancelled(*arguments: Any) -> str:
        raise FutureCancelledError("x", "scheduler-connection-lost")

    monkeypatch.setattr(Future, "status", "cancelled")
    monkeypatch.setattr(module, "run_point", cancelled)
    with pytest.raises(OSError, match="scheduler was lost; finished points are kept"):
        go(book, tmp_path, wanted)
    assert len(list((tmp_path / "points").iterdir())) == 1


def test_workers_with_other_code_are_refused_before_anything_runs(
    book: Project, inline: Inline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_identity", lambda chapter: "")
    with pytest.raises(ValueError, match=r"workers with another version of second, opgd, .*: inline; start"):
        go(book, tmp_path, points(book)[:1])
    assert inline.ran == []


def test_a_worker_checks_its_code_for_each_point(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(book.root)
    with pytest.raises(OtherCode, match="another version of second"):
        run_point("second", {"base": 2.0}, "default", "0" * 64)
    assert not book.build.exists()


def test_errors_survive_the_way_between_processes() -> None:
    there = pickle.loads(pickle.dumps(ChapterFailed("why", "{}")))
    assert (str(there), there.notebook) == ("why", "{}")


def test_a_full_disk_is_an_error_and_earlier_results_stay(
    book: Project, inline: Inline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = points(book)
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
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

        def large(*arguments: Any) -> str:
            return executed(*arguments) + " " * 20_000

        monkeypatch.setattr(module, "run_point", large)
        with pytest.raises(OSError, match="No space left on device"):
            go(book, disk, wanted[:4])
        there = sorted((disk / "points").iterdir())
        assert 1 <= len(there) < 4
        assert [path.name for path in there if path.name.startswith(".")] == []
        kept = [path.read_text() for path in there]
        assert all(json.loads(text)["cells"] for text in kept)
        monkeypatch.undo()
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
def cluster(book: Project, scratch: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler and two workers, started by hand on loopback; gives the address and one worker."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, common = f"tcp://127.0.0.1:{port}", ["--host", "127.0.0.1", "--no-dashboard"]
    worker = ["worker", address, *common, "--nthreads", "1", "--no-nanny", "--local-directory", str(scratch)]
    commands = [["scheduler", *common, "--port", str(port)], worker, worker]
    running = [
        subprocess.Popen([sys.executable, "-m", "dask", *c], cwd=book.root, stderr=subprocess.DEVNULL)
        for c in commands
    ]
    try:
        yield address, running[1]
    finally:
        for one in running:
            one.kill()
            one.wait()


def test_a_cluster_loses_a_worker_then_the_sweep_is_killed_and_goes_on_elsewhere(
    book: Project, inline: Inline, tmp_path: Path
) -> None:
    text = "product: {base: [2.0, 10.0, 13.0]}\npoints: [{steps: 3}]\n"
    (book.root / "grid.yml").write_text(text)
    directory = tmp_path / "sweep"
    with cluster(book, tmp_path) as (address, worker):
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
