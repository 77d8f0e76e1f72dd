"""What a build shows while it executes chapters."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import pytest

from press.build import display as module
from press.build.display import Progress, announce
from press.build.plan import Wanted, usual_seconds
from press.run.disk.files import write_atomically
from press.run.execute import ChapterFailed
from press.run.key import Point
from press.run.project import Project
from press.sweep.workers import Ended


def wanted(chapter: str, why: str = "new", seconds: float | None = None) -> Wanted:
    return Wanted(Point(chapter, "default", {}, {"chapter": chapter}), why, seconds)


def test_names_times_and_what_remains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = SimpleNamespace(monotonic=lambda: now.value, value=0.0)
    monkeypatch.setattr(module, "time", now)
    one, two, three = wanted("one", seconds=600), wanted("two", seconds=30), wanted("three", seconds=50)
    made = Progress([one, two, three, wanted("there", "")], 2)
    made.watch([one.point, two.point])
    assert made.bar.postfix == "running one, two, 10 min left"  # the longest, not half of all
    now.value = 40.0
    made.ended(Ended(two.point, {}, None, True))
    made.ended(Ended(three.point, {}, None, False))
    made.watch([one.point])
    assert made.bar.postfix == "running one, 9 min left" and made.bar.n == 2
    now.value = 700.0  # longer than the last time
    made.watch([one.point])
    assert made.bar.postfix == "running one, 0 s left"
    made.ended(Ended(one.point, {}, ChapterFailed("x"), True))
    made.close()
    said = capsys.readouterr().err
    assert "two: executed in 40.0 s" in said and "one: FAILED in 700.0 s" in said and "three:" not in said


def test_of_unknown_times_nothing_is_said() -> None:
    one, two = wanted("one", seconds=5), wanted("two")
    made = Progress([one, two], 2)
    made.watch([one.point, two.point])
    assert made.bar.postfix == "running one, two"
    made.close()


def test_what_will_be_executed_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    announce(
        [wanted("rates", "code cell 6 changed", 84.3), wanted("tables", "never executed"), wanted("x", "")]
    )
    assert capsys.readouterr().err.splitlines() == [
        "2 of 3 chapters to execute:",
        "  rates: code cell 6 changed (84 s the last time)",
        "  tables: never executed",
    ]
    announce([wanted("x", "")])
    assert capsys.readouterr().err == ""


def test_in_a_log_a_line_says_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("press.run.progress.EVERY", 0.01)
    one = wanted("one", seconds=600)
    made = Progress([one, wanted("there", "")], 2)
    made.watch([one.point])
    deadline = time.monotonic() + 30
    while "\n" not in (said := capsys.readouterr().err) and time.monotonic() < deadline:
        time.sleep(0.01)
    made.close()
    assert "book: 0 of 2 chapters, 0 s, 10 min left; running: one" in said.splitlines() and "\r" not in said


def test_the_usual_time_is_that_of_the_same_parameters(book: Project) -> None:
    point = Point.of(book, "second", "default", {"base": 10.0})
    assert usual_seconds(book, point) is None
    press = {"parameters": {"base": 10.0}, "seconds": 3.5, "profile": "default"}
    write_atomically(book.executed / "second.ipynb", json.dumps({"metadata": {"press": press}}))
    assert usual_seconds(book, point) == 3.5
    assert usual_seconds(book, Point.of(book, "second", "default", {"base": 2.0})) is None
