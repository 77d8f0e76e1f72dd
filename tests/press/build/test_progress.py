from __future__ import annotations

import contextlib
import io
import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from doit.dependency import Dependency, SqliteDB
from doit.exceptions import InvalidTask
from doit.globals import Globals

from press.build.progress import BookReporter


def task(name: str, *targets: str) -> Any:
    return SimpleNamespace(name=name, targets=targets, actions=[1], executed=True)


def reporter(*tasks: Any) -> tuple[BookReporter, io.StringIO]:
    stream = io.StringIO()
    made = BookReporter(stream, {"failure_verbosity": 0})
    made.initialize({t.name: t for t in tasks}, ["html"])
    return made, stream


def test_a_run_tells_names_times_and_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    one, two, html = task("chapter:one"), task("chapter:two"), task("html", "_build/html/index.html")
    made, stream = reporter(one, two, html)
    made.execute_task(one)
    assert made.bar.postfix == "running one"
    made.add_success(one)
    made.skip_uptodate(two)
    made.execute_task(html)
    assert made.bar.postfix == "building the pages" and made.bar.n == made.bar.total == 2
    made.add_success(html)
    made.complete_run()
    assert "The book is _build/html/index.html (1 chapters executed, " in stream.getvalue()
    assert "one: executed in " in capsys.readouterr().err


def test_without_the_book_no_place_is_named() -> None:
    made, stream = reporter(task("chapter:one"))
    made.complete_run()
    assert stream.getvalue() == ""


def test_what_is_done_is_on_disk_before_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    manager = Dependency(SqliteDB, str(tmp_path / "state"))
    monkeypatch.setattr(Globals, "dep_manager", manager)
    made, _ = reporter(task("chapter:one"), task("chapter:two"))
    for name in ("chapter:one", "chapter:two"):
        manager.backend.set(name, "values", name)
        made.add_success(task(name))
        with contextlib.closing(sqlite3.connect(tmp_path / "state")) as found:
            (written,) = found.execute("select task_data from doit where task_id = ?", (name,)).fetchone()
        assert json.loads(written) == {"values": name}
    manager.close()


@pytest.mark.parametrize("ending", ["add_success", "add_failure"])
def test_a_record_that_cannot_be_written_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str
) -> None:
    manager = Dependency(SqliteDB, str(tmp_path / "state"))
    monkeypatch.setattr(Globals, "dep_manager", manager)

    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    manager.backend.dump = full
    made, _ = reporter(task("chapter:one"))
    arguments = [task("chapter:one")] + [SimpleNamespace(report=False)] * (ending == "add_failure")
    with pytest.raises(
        InvalidTask, match=r"press: error: .*state cannot be written: database or disk is full"
    ):
        getattr(made, ending)(*arguments)
    manager.close()  # as doit does at its end
    manager.backend._conn.close()
