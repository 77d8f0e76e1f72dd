from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from press.__main__ import _parser
from press.evidence.reference import ABSOLUTE, RELATIVE, compare, read_reference, renew, verify
from press.run.disk.files import write_atomically
from press.run.project import Project

PREFIX = "application/papermill.record/"
FACTS = {
    "parameters": {},
    "seconds": 1.0,
    "machine": "x",
    "versions": {},
    "commit": "unknown",
    "started": "2026-01-02T03:04:05+00:00",
}


def put(
    book: Project, chapter: str, profile: str = "default", facts: dict[str, Any] | None = None, **results: Any
) -> None:
    outputs = [
        {
            "metadata": {"scrapbook": {"name": name, "mime_prefix": PREFIX}},
            "data": {f"{PREFIX}text/plain": repr(value)},
        }
        for name, value in results.items()
    ]
    notebook = {
        "metadata": {"press": FACTS | {"profile": profile} | (facts or {})},
        "cells": [{"outputs": outputs}],
    }
    write_atomically(book.executed / f"{chapter}.ipynb", json.dumps(notebook))


@pytest.fixture
def made(book: Project) -> Project:
    """A book with a reference."""
    put(book, "first", total=14.0, words="four", count=4, none=math.nan, far=-math.inf, yes=True)
    put(book, "second")
    assert renew(book) == 6
    return book


def test_the_same_results_agree(made: Project) -> None:
    assert verify(made) == (6, [])


def test_the_reference_is_strict_json(made: Project) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(made.reference.read_text(), parse_constant=refuse)


def test_what_differs_is_named_with_both_values_and_the_distance(made: Project) -> None:
    put(made, "first", total=14.5, words="five", count=4, none=0.0, far=-math.inf, yes=1, more=3.0)
    count, found = verify(made)
    assert count == 7
    assert [str(row) for row in found] == [
        "first: total: 14.5 here, 14.0 in the reference; they differ by 0.5, the tolerance is 1.4e-05",
        "first: words: 'five' here, 'four' in the reference",
        "first: none: 0.0 here, 'nan' in the reference",
        "first: yes: 1 here, True in the reference",
        "first: more: 3.0 here, not in the reference",
    ]
    put(made, "first", total=14.0)
    assert "first: words: missing here, 'four' in the reference" in map(str, verify(made)[1])


@given(st.floats(-1e6, 1e6), st.floats(-3, 3))
def test_the_tolerance_is_where_it_is_said_to_be(value: float, distance: float) -> None:
    tolerance = max(RELATIVE * abs(value), ABSOLUTE)
    ours = value + distance * tolerance
    differs = compare("x", {"a": ours}, {"a": [value, tolerance]}) != []
    assert differs == (abs(ours - value) > tolerance)
    assert compare("x", {"a": value}, {"a": [value, tolerance]}) == []


def test_a_nan_is_never_within_a_tolerance() -> None:
    assert compare("x", {"a": math.nan}, {"a": [1.0, 1e9]}) != []
    assert compare("x", {"a": math.inf}, {"a": [1.0, 1e9]}) != []


def test_renewing_keeps_tolerances_set_by_hand(made: Project) -> None:
    reference = read_reference(made)
    reference["chapters"]["first"]["results"]["total"][1] = 2.0
    write_atomically(made.reference, json.dumps(reference))
    put(made, "first", total=15.0, count=5)
    assert [row.name for row in verify(made)[1]] == ["words", "count", "none", "far", "yes"]
    assert renew(made) == 2
    assert read_reference(made)["chapters"]["first"]["results"] == {
        "total": [15.0, 2.0],
        "count": [5, max(RELATIVE * 5, ABSOLUTE)],
    }


def test_what_is_as_small_as_rounding_is_a_number_as_text_too(made: Project) -> None:
    put(made, "first", small="3.4e-15", large="3.4e-05", none_of="0")
    renew(made, ["first"])
    rows = read_reference(made)["chapters"]["first"]["results"]
    assert rows == {"small": ["3.4e-15", ABSOLUTE], "large": ["3.4e-05", None], "none_of": ["0", None]}
    put(made, "first", small="5.6e-15", large="3.5e-05", none_of="1")
    assert [row.name for row in verify(made)[1]] == ["large", "none_of"]
    put(made, "first", small="5.6e-05", large="3.4e-05", none_of="0")
    assert [row.name for row in verify(made)[1]] == ["small"]


def test_one_chapter_is_renewed_and_no_other_line_changes(made: Project) -> None:
    before = read_reference(made)
    put(made, "first", total=15.0)
    (made.executed / "second.ipynb").unlink()  # nobody asks for it
    assert renew(made, ["first"]) == 1
    after = read_reference(made)
    assert after["chapters"]["first"]["results"] == {"total": [15.0, 15.0 * RELATIVE]}
    assert after["chapters"]["second"] == before["chapters"]["second"]
    assert list(after["chapters"]) == ["first", "second"]
    with pytest.raises(ValueError, match="unknown chapter 'third'"):
        renew(made, ["third"])


@pytest.mark.parametrize(("seconds", "kept"), [(3.4, 5), (9.9, 5), (10.6, 11), (2.4, 2)])
def test_seconds_stay_unless_they_are_far_off(made: Project, seconds: float, kept: int) -> None:
    for took in (5.0, seconds):
        put(made, "first", facts={"seconds": took}, total=1.0)
        renew(made, ["first"])
    assert read_reference(made)["chapters"]["first"]["seconds"] == kept
    assert set(read_reference(made)["chapters"]["first"]) == {"parameters", "seconds", "results"}


def test_a_chapter_without_rows_is_asked_for_them(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    reference = read_reference(made)
    old = reference["chapters"].pop("second")
    for chapters in (
        reference["chapters"],
        reference["chapters"] | {"second": old | {"parameters": {"a": 1}}},
    ):
        write_atomically(made.reference, json.dumps({"chapters": chapters}))
        with pytest.raises(ValueError, match=r"chapter 'second' .*verify --renew second"):
            verify(made)
    options = _parser().parse_args(["verify", "--renew", "second"])
    assert options.command(made, options) == 0 and verify(made) == (6, [])


def test_another_profile_is_not_compared(made: Project) -> None:
    put(made, "first", "smoke", total=14.0)
    for function in (verify, renew):
        with pytest.raises(ValueError, match="executed with profile 'smoke'; the reference is for 'default'"):
            function(made)


def test_a_missing_chapter_and_a_missing_reference(book: Project) -> None:
    with pytest.raises(ValueError, match="make one with --renew"):
        verify(book)
    with pytest.raises(ValueError, match="chapter 'first' has not been executed"):
        renew(book)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"chapters": {"a": {}}}', '{"chapters": {"a": {"results": {"b": 1}}}}']
)
def test_a_file_that_is_no_reference(book: Project, text: str) -> None:
    write_atomically(book.reference, text)
    with pytest.raises(ValueError, match="is not a reference"):
        read_reference(book)


def test_the_command_says_how_many_agree_and_fails_if_not_all(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    options = _parser().parse_args(["verify"])
    assert options.command(made, options) == 0
    assert capsys.readouterr().out.startswith("6 of 6 rows agree with reference.json\n")
    put(made, "first", total=14.0, words="four", count=4, none=math.nan, far=-math.inf, yes=False)
    assert options.command(made, options) == 1
    assert capsys.readouterr().out.count("5 of 6 rows agree with reference.json\n") == 1
