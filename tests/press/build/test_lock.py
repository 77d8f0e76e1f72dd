"""One build at a time, and what killed or damaged builds leave."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from press.__main__ import main
from press.build import lock as guard
from press.run.project import Project

HOLD = """
import subprocess, sys, time
from press.build import lock as guard
from press.run.project import Project
lock = guard.enter(Project.here())
if "child" in sys.argv:
    inside = "import sys, time; from press import guard; from press.run.project import Project; "
    inside += "guard.enter(Project.here()); print('inside', flush=True); time.sleep(60)"
    subprocess.Popen([sys.executable, "-c", inside], pass_fds=(lock,))
else:
    print("alone", flush=True)
time.sleep(60)
"""


def hold(book: Project, *arguments: str) -> subprocess.Popen[str]:
    """A process that holds the lock, and perhaps one that it began."""
    command = [sys.executable, "-c", HOLD, *arguments]
    holder = subprocess.Popen(command, cwd=book.root, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline().strip() in ("alone", "inside")
    return holder


def test_a_second_build_is_refused_and_told_by_whom_until_the_first_is_killed(
    book: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(book.root)
    for name, value in os.environ.items():  # `main` changes them
        monkeypatch.setenv(name, value)
    holder = hold(book)
    try:
        assert main(["site"]) == 2
        said = capsys.readouterr().err
        assert f"another build is at work in {book.build}: process {holder.pid} (-c), since " in said
        assert main(["run", "first", "-o", "_build/executed/first.ipynb"]) == 2
        assert f"process {holder.pid}" in capsys.readouterr().err and not book.executed.exists()
        done = subprocess.run([sys.executable, "-m", "doit"], cwd=book.root, capture_output=True, text=True)
        assert done.returncode == 1 and f"process {holder.pid}" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        holder.kill()
        holder.communicate()
    with guard.one_build(book):
        assert json.loads((book.build / "lock").read_text())["pid"] == os.getpid()
        assert guard.VARIABLE in os.environ
    assert guard.VARIABLE not in os.environ
    with guard.one_build(book):  # it is free again
        pass


def test_what_a_killed_build_began_ends_too(book: Project) -> None:
    holder = hold(book, "child")
    holder.kill()
    holder.wait()
    begun = time.monotonic()
    with guard.one_build(book):  # the other one noticed
        assert time.monotonic() - begun < guard.PATIENCE
    holder.communicate()


def test_a_swap_that_was_killed_in_between_is_mended(tmp_path: Path) -> None:
    book = Project(tmp_path)
    fresh = book.build / "render-x" / "html"
    for directory in (fresh, book.html):
        directory.mkdir(parents=True)
        (directory / "index.html").write_text(str(directory == fresh))
    os.replace(book.html, book.build / ".html.old")  # here the process ends
    with guard.one_build(book):
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
        guard.replace(fresh, place)
    assert (place / "index.html").read_text() == "html"
    monkeypatch.setattr(os, "replace", real)
    guard.replace(fresh, place)
    assert (place / "index.html").read_text() == "fresh"
    assert [p.name for p in tmp_path.iterdir()] == ["html"]


@pytest.mark.parametrize("damage", ["nothing", "half", "noise", "no JSON"])
def test_a_damaged_record_of_what_is_done_is_made_anew(
    tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    book = Project(tmp_path)
    book.build.mkdir()
    state = book.build / guard.STATE
    with sqlite3.connect(state) as database:
        database.execute("create table doit (task_id text not null primary key, task_data json)")
        rows = [(str(number), json.dumps({"a": "b" * 500})) for number in range(50)]
        database.executemany("insert into doit values (?, ?)", rows)
        if damage == "no JSON":
            database.execute("insert into doit values ('x', '{')")
    database.close()
    content = state.read_bytes()
    state.write_bytes({"half": content[: len(content) // 2], "noise": b"x" * 5000}.get(damage, content))
    guard.mend(book)
    assert state.exists() == (damage == "nothing")
    assert ("is damaged and is made anew" in capsys.readouterr().err) == (damage != "nothing")
