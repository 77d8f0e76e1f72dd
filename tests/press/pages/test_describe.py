from __future__ import annotations

import json

import pytest

from press.pages.describe import cost, describe, overview
from press.run.disk.files import write_atomically
from press.run.project import Project

PRESS = {"seconds": 12.3, "profile": "smoke", "machine": "Linux x86_64, 2 processors"}


def test_the_overview_lists_every_chapter_with_its_title(book: Project) -> None:
    lines = overview(book).splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["first", "second"]
    assert "First page" in lines[2] and "4" in lines[2] and "not recorded" in lines[2]


def test_every_parameter_has_type_default_range_and_help(book: Project) -> None:
    lines = describe(book, "first").splitlines()
    assert lines[0] == "first: First page"
    rows = {line.split()[0]: line for line in lines[5:]}
    assert list(rows) == ["count", "power", "names", "seed"]
    for part in ("int", "4", "[1, 100]", "number of points"):
        assert part in rows["count"]
    assert "(0, inf)" in rows["power"] and "['a', 'b']" in rows["names"] and "any" in rows["names"]


def test_unknown_chapter(book: Project) -> None:
    with pytest.raises(ValueError, match="the chapters are: first, second"):
        describe(book, "third")


def test_the_cost_is_that_of_the_last_execution_else_of_the_reference(book: Project) -> None:
    assert cost(book, "first") == "not recorded"
    reference = {"chapters": {"first": {"parameters": {}, "seconds": 99, "results": {}}}}
    write_atomically(book.reference, json.dumps(reference))
    assert cost(book, "first") == "about 99 s"
    assert cost(book, "second") == "not recorded"
    write_atomically(book.executed / "first.ipynb", json.dumps({"metadata": {"press": PRESS}}))
    assert cost(book, "first") == "12 s (profile smoke, Linux x86_64, 2 processors)"
