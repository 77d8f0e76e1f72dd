from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from press.chapter.record import judge, largest_distance, record, record_fit
from press.evidence.ledger import VERDICTS, collect, dump, sentence, tally
from press.run import reported
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
    ("name", "options"),
    [
        ("ours", {"ours": math.nan}),
        ("ours", {"ours": math.inf}),
        ("sd", {"sd": -1.0}),
        ("sd", {"sd": math.nan}),
        ("error", {"error": -1e-9}),
        ("covariance", {"error": math.inf}),
        ("kind", {"kind": "guess"}),
    ],
)
def test_bad_numbers(name: str, options: dict[str, Any]) -> None:
    given: dict[str, Any] = {"ours": 0.5, "sd": 0.1, "check": CHECK} | options
    with pytest.raises(ValueError, match=name):
        record("Table 1", CELL, given.pop("ours"), **given)


FIT = "gamma=1.5 vanilla_error"
PAIR = {"slope": -0.374, "intercept": 0.29}  # as printed


@given(st.floats(-0.99, 0.99), st.floats(1e-3, 1), st.floats(1e-3, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_a_pair_matches_within_an_ellipse(
    correlation: float, one: float, two: float, off: float, other: float
) -> None:
    """Whiten with the eigenvectors: another way to the squared distance than that of `judge`."""
    covariance = np.array([[one**2, correlation * one * two], [correlation * one * two, two**2]])
    ours = {"slope": PAIR["slope"] + off, "intercept": PAIR["intercept"] + other}
    rows = record_fit("Figure 1", FIT, ours, covariance=covariance, check=CHECK)
    difference = [row["ours"] - row["reported"] for row in rows]
    units = [reported.lookup("Figure 1", f"{FIT} {name}").unit for name in PAIR]
    values, vectors = np.linalg.eigh(covariance + np.diag(np.square(units)) / 12)
    distance = float((((vectors.T @ difference) ** 2) / values).sum())
    assert [row["distance"] for row in rows] == pytest.approx([distance] * 2, rel=1e-9)
    limit = -2 * math.log(math.erfc(3 / math.sqrt(2)))  # chi-square with two degrees of freedom
    assert largest_distance(2) == pytest.approx(limit, rel=1e-12)
    assume(abs(distance / limit - 1) > 1e-9)
    assert {row["verdict"] for row in rows} == {"match" if distance < limit else "unreproduced"}
    assert {row["fit"] for row in rows} == {FIT}
    cells = [f"{FIT} {name}" for name in PAIR]
    assert [[row["covariance"][cell] for cell in cells] for row in rows] == covariance.tolist()


def test_near_one_by_one_and_far_together() -> None:
    """Slope and intercept of one line are strongly correlated."""
    sd, covariance = 0.05, 0.05**2 * np.array([[1, -0.99], [-0.99, 1]])
    ours = {name: value + sd for name, value in PAIR.items()}
    rows = record_fit("Figure 1", FIT, ours, covariance=covariance, check=CHECK)
    assert all(abs(row["z"]) < 3 and row["verdict"] == "unreproduced" for row in rows)


@pytest.mark.parametrize(
    "covariance",
    [
        [[1.0]],
        [[1.0, 0.5], [0.4, 1.0]],
        [[1.0, 2.0], [2.0, 1.0]],
        [[-1.0, 0.0], [0.0, 1.0]],
        [[math.nan, 0.0], [0.0, 1.0]],
    ],
)
def test_what_is_no_covariance_is_refused(covariance: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="covariance"):
        record_fit("Figure 1", FIT, PAIR, covariance=covariance, check=CHECK)


@pytest.mark.parametrize("units", [[0.0, 0.0], [-1.0, 1.0], [math.nan, 1.0]])
def test_units(units: list[float]) -> None:
    with pytest.raises(ValueError, match="units"):
        judge([1.0, 2.0], [1.0, 2.0], np.zeros((2, 2)), units)


def test_counting_tells_predictions() -> None:
    near = record("Table 1", CELL, 0.49, sd=0.01, check=CHECK)
    far = record("Table 1", "gamma=3 p=1 q=1", 9.0, sd=0.01, check=CHECK)
    again = record_fit("Figure 1", FIT, PAIR, covariance=np.eye(2), check=CHECK, kind="repeated")
    found = tally([near, far, *again])
    assert [found[name] for name in ("all", *VERDICTS)] == [4, 3, 0, 1]
    assert [found[name] for name in ("predictions", "predictions-match")] == [2, 1]
    assert sentence(found).split()[1] == "4"


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
