from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from press.reporter import BookReporter


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
