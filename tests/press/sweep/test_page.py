"""The table of a sweep and its page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from press.chapter import style
from press.sweep import page as module
from press.sweep.grid import Point
from press.sweep.results import quantities, table, varied, write_table
from press.sweep.workers import Outcome

PREFIX = "application/papermill.record/"


class Numbered(Point):
    """A point with a short name."""

    @property
    def key(self) -> str:
        return f"key{self.made_of['number']}"


def sweep(*rows: tuple[dict[str, Any], dict[str, Any] | str]) -> tuple[list[Point], Outcome]:
    """Points with their results, or with an error."""
    points, outcome = [], Outcome()
    for number, (values, found) in enumerate(rows):
        points.append(Numbered("rates", "default", values, {"number": number}))
        if isinstance(found, str):
            outcome.errors[f"key{number}"] = found
            continue
        outputs = [
            {
                "metadata": {"scrapbook": {"name": name, "mime_prefix": PREFIX}},
                "data": {f"{PREFIX}text/plain": repr(value)},
            }
            for name, value in found.items()
        ]
        outcome.notebooks[f"key{number}"] = {"cells": [{"outputs": outputs}]}
    return points, outcome


GRID = sweep(
    *(
        (
            {"p": p, "gammas": [1.5, g], "word": "a<b", "seed": 10**30},
            {"r-slope": p * g, "r-text": f"{g}", "r-same": 1},
        )
        for p in (1.0, 2.0, 40.0)
        for g in (2.0, 3.0)
    ),
    ({"p": 3.0, "gammas": [1.5, 2.0], "word": "a<b", "seed": 10**30}, "first <line>\nsecond"),
)


def test_the_table_holds_parameters_results_and_errors() -> None:
    points, outcome = GRID
    frame = table(points, outcome)
    assert list(frame.columns) == [
        "point",
        "p",
        "gammas",
        "word",
        "seed",
        "r-slope",
        "r-text",
        "r-same",
        "error",
    ]
    assert frame["r-slope"].tolist()[:6] == [2.0, 3.0, 4.0, 6.0, 80.0, 120.0]
    assert frame["r-same"].dtype == float and frame["error"].iloc[6] == "first <line>"
    assert varied(points) == ["p", "gammas"] and quantities(frame, points) == ["r-slope"]


def test_a_result_that_is_a_number_only_sometimes_becomes_text() -> None:
    frame = table(*sweep(({"p": 1}, {"a": 1.5, "b": True}), ({"p": 2}, {"a": "none", "b": False})))
    assert frame["a"].tolist() == ["1.5", "none"] and frame["b"].tolist() == ["True", "False"]


def test_both_files_hold_every_digit_and_the_lists(tmp_path: Path) -> None:
    points, outcome = sweep(
        ({"p": [0.1, 2.0], "w": ["x,y"]}, {"a": 0.1 + 0.2}), ({"p": [3.0], "w": ["z"]}, {"a": 1e-300})
    )
    write_table(table(points, outcome), tmp_path)
    rich, plain = (
        pd.read_parquet(tmp_path / "table.parquet"),
        pd.read_csv(tmp_path / "table.csv", dtype=str),
    )
    assert rich["a"].tolist() == plain["a"].map(float).tolist() == [0.1 + 0.2, 1e-300]
    assert rich["p"].iloc[0].tolist() == json.loads(plain["p"].iloc[0]) == [0.1, 2.0]
    assert json.loads(plain["w"].iloc[0]) == ["x,y"]
    before = [(tmp_path / name).read_bytes() for name in ("table.parquet", "table.csv")]
    write_table(table(points, outcome), tmp_path)
    assert before == [(tmp_path / name).read_bytes() for name in ("table.parquet", "table.csv")]


def test_the_page_is_one_file_with_words_for_every_figure() -> None:
    points, outcome = GRID
    text = module.page("rates", "smoke", table(points, outcome), points, outcome)
    assert (
        text.count("<figure") == 2
        and len(re.findall(r'<img src="data:image/png;base64,[^"]+" alt="[^"]{20,}"', text)) == 2
    )
    assert "r-slope against p, one line for each gammas. The values lie between 2 and 120." in text
    assert "A smoke run" in text and "7 points, 1 of them failed" in text
    assert "first &lt;line&gt;" in text and "a&lt;b" in text and "<line>" not in text
    assert 'href="points/key0.ipynb"' in text and 'href="failed/key6.ipynb"' in text
    assert not re.search(r'(src|href)="(https?:)?//', text)


@pytest.mark.parametrize("rows", [[({"p": 1.0}, {"a": 1.0})], [({"p": 1.0}, "no"), ({"p": 2.0}, "no")]])
def test_nothing_to_draw_is_no_error(rows: Any) -> None:
    points, outcome = sweep(*rows)
    assert "<figure" not in module.page("rates", "default", table(points, outcome), points, outcome)


def test_words_make_a_horizontal_axis_too() -> None:
    points, outcome = sweep(
        *(({"word": w}, {"a": a}) for w, a in (("mean", 1.0), ("a much longer word", 2.0)))
    )
    assert "a against word." in module.page("rates", "default", table(points, outcome), points, outcome)


def test_no_two_lines_look_the_same() -> None:
    with plt.rc_context():
        style.use_style()
        styles = module._styles(84)
    assert len({(s["color"], str(s["linestyle"]), s["marker"]) for s in styles}) == 84


def test_more_results_than_panels_are_said_to_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    points, outcome = sweep(*(({"p": p}, {"a": p, "b": p}) for p in (1.0, 2.0)))
    text = module.page("rates", "default", table(points, outcome), points, outcome)
    assert text.count("<figure") == 1 and "1 further results that change are in the table only" in text
