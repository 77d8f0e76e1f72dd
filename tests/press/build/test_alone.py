"""One build at a time, and what killed or damaged builds leave."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from press.__main__ import main
from press.build import alone as module
from press.build.alone import one_build
from press.run.disk.files import replace
from press.run.disk.lock import here
from press.run.project import Project

HOLD = """
import time
from press.build.alone import one_build
from press.run.project import Project
with one_build(Project.here()):
    print("inside", flush=True)
    time.sleep(60)
"""


def test_a_second_build_is_refused_and_told_by_whom_until_the_first_is_killed(
    book: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(book.root)
    for name, value in os.environ.items():  # `main` changes them
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-c", HOLD]
    holder = subprocess.Popen(command, cwd=book.root, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "inside\n"
        for refused in ("book", "theory", "pdf"):
            assert main([refused]) == 2
            said = capsys.readouterr().err
            assert f"another build is at work in {book.build}: process {holder.pid} (-c), since " in said
        assert not book.executed.exists() and main(["prune"]) == 0  # no other command needs the lock
    finally:
        holder.kill()
        holder.communicate()
    with one_build(book):
        assert json.loads((book.build / "lock").read_text())["pid"] == os.getpid()
    with one_build(book):  # it is free again
        pass


@pytest.mark.parametrize(("silent", "refused"), [(5.0, True), (1000.0, False)])
def test_a_build_on_another_machine_counts_until_it_is_silent(
    tmp_path: Path, silent: float, refused: bool
) -> None:
    book = Project(tmp_path)
    book.build.mkdir()
    holder = {"pid": 1, "command": "x", "since": "01:02:03", "host": "elsewhere", "machine": "other"}
    lock = book.build / "lock"  # not locked as far as this machine can see
    lock.write_text(json.dumps(holder))
    os.utime(lock, (time.time() - silent,) * 2)
    if refused:
        with pytest.raises(BlockingIOError, match=r"process 1 \(x\), since 01:02:03, on elsewhere"):
            one_build(book).__enter__()
        assert json.loads(lock.read_text()) == holder
    else:
        with one_build(book):
            assert json.loads(lock.read_text())["machine"] == here()
        assert lock.read_text() == ""


def test_a_build_touches_its_lock_while_it_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SILENT", 0.06)
    with one_build(Project(tmp_path)):
        lock = tmp_path / "_build" / "lock"
        os.utime(lock, (0, 0))
        deadline = time.monotonic() + 30
        while lock.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert lock.stat().st_mtime > 0


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(OSError, match="no locks; make its directory a link") as caught:
        one_build(Project(tmp_path)).__enter__()
    assert caught.value.filename == str(tmp_path / "_build" / "lock")


def test_a_swap_that_was_killed_in_between_is_mended(tmp_path: Path) -> None:
    book = Project(tmp_path)
    fresh = book.build / "render-x" / "html"
    for directory in (fresh, book.html):
        directory.mkdir(parents=True)
        (directory / "index.html").write_text(str(directory == fresh))
    os.replace(book.html, book.build / ".html.old")  # here the process ends
    with one_build(book):
        assert (book.html / "index.html").read_text() == "False"
        assert sorted(path.name for path in book.build.iterdir()) == ["html", "lock"]


def test_a_failed_swap_keeps_the_old_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh, place = tmp_path / "fresh", tmp_path / "html"
    for directory in (fresh, place):
        directory.mkdir()
        (directory / "index.html").write_text(directory.name)
    real = os.replace

    def fail_once(source: Path, target: Path) -> None:
        if source == fresh:
            raise OSError("disk full")
        real(source, target)

    monkeypatch.setattr(os, "replace", fail_once)
    with pytest.raises(OSError, match="disk full"):
        replace(fresh, place)
    assert (place / "index.html").read_text() == "html"
    monkeypatch.setattr(os, "replace", real)
    replace(fresh, place)
    assert (place / "index.html").read_text() == "fresh"
    assert [p.name for p in tmp_path.iterdir()] == ["html"]
