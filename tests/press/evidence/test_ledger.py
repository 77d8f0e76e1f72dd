from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from press.chapter.record import judge, record
from press.evidence.ledger import collect, dump
from press.run.outputs import LEDGER

CELL = "gamma=2 p=1 q=1"  # printed as 0.49
CHECK = "tests/test_it.py::test_it"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    text = "class TestGroup:\n    def test_in(self):\n        pass\n\n\ndef test_it():\n    pass\n"
    (tmp_path / "tests" / "test_it.py").write_text(text)
    return tmp_path


def executed(*rows: Any) -> dict[str, Any]:
    outputs = [
        {"output_type": "display_data", "data": {LEDGER: dict(row), "text/plain": "x"}} for row in rows
    ]
    return {"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]}


def test_the_rule() -> None:
    row = record("Table 1", CELL, 0.5, sd=0.004, error=0.003, check=CHECK)
    total = math.sqrt(0.004**2 + 0.003**2 + 0.01**2 / 12)
    assert row["sd"] == pytest.approx(total, rel=1e-14)
    assert row["z"] == pytest.approx(0.01 / total, rel=1e-12)
    assert (row["reported"], row["verdict"], row["chapter"]) == (0.49, "match", "")


@given(st.floats(-5, 5), st.floats(1e-3, 1), st.floats(0, 1))
def test_match_exactly_within_three_deviations(ours: float, sd: float, error: float) -> None:
    row = record("Table 1", CELL, ours, sd=sd, error=error, check=CHECK)
    distance = abs(ours - 0.49) / math.sqrt(sd**2 + error**2 + 1e-4 / 12)
    assume(abs(distance - 3) > 1e-9)
    assert row["verdict"] == ("match" if distance < 3 else "unreproduced")


def test_explained_needs_a_reason_and_a_difference() -> None:
    with pytest.raises(ValueError, match="needs a `why`"):
        record("Table 1", CELL, 0.9, sd=0.01, check=CHECK, verdict="explained")
    reason = "the cutoff"
    far = record("Table 1", CELL, 0.9, sd=0.01, check=CHECK, verdict="explained", why=reason)
    near = record("Table 1", CELL, 0.49, sd=0.01, check=CHECK, verdict="explained", why=reason)
    assert (far["verdict"], near["verdict"]) == ("explained", "match")
    with pytest.raises(ValueError, match="allowed"):
        record("Table 1", CELL, 0.9, sd=0.01, check=CHECK, verdict="match", why="x")  # type: ignore[arg-type]


def test_unknown_items() -> None:
    with pytest.raises(KeyError):
        record("Table 1", "gamma=9", 0.5, sd=0.01, check=CHECK)


@pytest.mark.parametrize(
    "numbers",
    [
        {"ours": math.nan},
        {"ours": math.inf},
        {"sd": -1.0},
        {"sd": math.nan},
        {"error": -1e-9},
        {"error": math.inf},
        {"sd": 0.0, "unit": 0.0},
    ],
)
def test_bad_numbers(numbers: dict[str, float]) -> None:
    good = {"ours": 1.0, "printed": 1.0, "sd": 0.1, "error": 0.0, "unit": 0.01}
    with pytest.raises(ValueError):
        judge(**(good | numbers))


def test_collecting_sorts_and_names_the_chapter(root: Path) -> None:
    one = record("Table 2", "D=1 gamma=2 p=1 q=1", 0.48, sd=0.01, check=CHECK)
    two = record("Table 1", CELL, 0.49, sd=0.01, check="tests/test_it.py::TestGroup::test_in[a-b]")
    rows = collect({"later": executed(one), "earlier": executed(two)}, root, strict=True)
    assert [(row["item"], row["chapter"]) for row in rows] == [("Table 1", "earlier"), ("Table 2", "later")]
    assert json.loads(dump(rows)) == rows


def test_duplicates_are_refused(root: Path) -> None:
    row = record("Table 1", CELL, 0.49, sd=0.01, check=CHECK)
    with pytest.raises(ValueError, match="b and a both"):
        collect({"a": executed(row), "b": executed(row)}, root, strict=True)
    with pytest.raises(ValueError, match="both record Table 1"):
        collect({"a": executed(row, row)}, root, strict=True)


def test_a_difference_needs_a_reason_at_full_scale_only(root: Path) -> None:
    row = record("Table 1", CELL, 0.9, sd=0.01, check=CHECK)
    with pytest.raises(ValueError, match="no `why`"):
        collect({"a": executed(row)}, root, strict=True)
    assert collect({"a": executed(row)}, root, strict=False)[0]["verdict"] == "unreproduced"


@pytest.mark.parametrize(
    "check",
    [
        "tests/test_it.py::test_other",
        "tests/absent.py::test_it",
        "tests/test_it.py",
        "tests/../tests/test_it.py::test_it",
        "tests/test_it.py::TestGroup::test_it",
        "tests/test_it.py::test_in",
        "",
    ],
)
def test_checks_must_exist(root: Path, check: str) -> None:
    row = record("Table 1", CELL, 0.49, sd=0.01, check=check)
    with pytest.raises(ValueError, match="check"):
        collect({"a": executed(row)}, root, strict=True)
