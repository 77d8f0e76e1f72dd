from __future__ import annotations

import math
from typing import Any

import pytest

from press.chapter.record import record
from press.evidence.results import results
from press.run.outputs import LEDGER


def glued(name: str, text: str) -> dict[str, Any]:
    prefix = "application/papermill.record/"
    return {
        "metadata": {"scrapbook": {"name": name, "mime_prefix": prefix}},
        "data": {f"{prefix}text/plain": text},
    }


def notebook(*outputs: Any) -> dict[str, Any]:
    return {"cells": [{"cell_type": "markdown"}, {"outputs": list(outputs)}]}


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.1", 0.1), ("-3", -3), ("'1.73 to 2.66'", "1.73 to 2.66"), ("True", True), ("inf", math.inf)],
)
def test_glued_values_come_back(text: str, value: object) -> None:
    (found,) = results(notebook(glued("a", text))).values()
    assert found == value and type(found) is type(value)


def test_nan_stays_a_number() -> None:
    assert math.isnan(float(results(notebook(glued("a", "nan")))["a"]))


@pytest.mark.parametrize(
    "text", ["<Figure size 640x480>", "[1, 2]", "__import__('os')", "", "np.float64(0.5)"]
)
def test_other_objects_are_left_out(text: str) -> None:
    assert results(notebook(glued("a", text))) == {}


def test_a_name_is_noted_once() -> None:
    with pytest.raises(ValueError, match="'a'"):
        results(notebook(glued("a", "1"), glued("b", "1"), glued("a", "1")))


def test_rows_of_the_ledger_are_results() -> None:
    row = record("Table 1", "gamma=2 p=1 q=1", 0.48, sd=0.01, check="tests/test_a.py::test_a")
    shown = {"output_type": "stream", "text": "shown"}
    found = results(notebook(shown, {"data": {LEDGER: dict(row)}}, glued("b", "1")))
    name = "Table 1, gamma=2 p=1 q=1"
    spread = {f"{name}: covariance with gamma=2 p=1 q=1": 0.01**2}
    assert found == {name: 0.48, f"{name}: verdict": "match", f"{name}: kind": "prediction", "b": 1} | spread
