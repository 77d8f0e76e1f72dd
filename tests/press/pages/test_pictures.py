from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from press.chapter.record import record
from press.pages.pictures import describe_growth, describe_ledger, draw_growth, draw_ledger, made_of
from press.run.refusals import MINIMUM_ALT


def rows() -> list[Any]:
    near = record("Table 1", "gamma=2 p=1 q=1", 0.49, sd=0.01, check="tests/a.py::test_a")
    far = record("Table 2", "D=1 gamma=2 p=1 q=2", 0.39, sd=0.01, check="tests/a.py::test_b")
    return [near, far]


def test_the_words_name_what_the_picture_shows() -> None:
    text = describe_ledger(rows())
    assert "2 numbers of Table 1 (1), Table 2 (1)" in text and "1 lie inside" in text
    assert "the farthest, Table 2, D=1 gamma=2 p=1 q=2, is at -10.6" in text
    assert len(text) > MINIMUM_ALT


def test_the_picture_is_the_same_each_time_and_leaves_settings_alone(tmp_path: Path) -> None:
    before = mpl.rcParams["font.size"], mpl.rcParams["axes.grid"]
    for name in ("a.png", "b.png"):
        draw_ledger(rows(), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert before == (mpl.rcParams["font.size"], mpl.rcParams["axes.grid"])
    assert plt.get_fignums() == []


def test_every_number_is_drawn_where_it_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(plt, "close", kept.append)
    found = rows()
    draw_ledger(found, tmp_path / "a.png")
    assert made_of(found).encode() in (tmp_path / "a.png").read_bytes()
    bars = kept[0].axes[0].containers
    drawn = sorted(float(value) for bar in bars for value in bar[0].get_ydata())
    monkeypatch.undo()
    plt.close(kept[0])
    assert drawn == sorted(row["z"] for row in found)


def test_the_picture_of_growth_and_its_words(tmp_path: Path) -> None:
    found = [
        {
            "function": "estimate",
            "variable": variable,
            "value": 10**k,
            "cpu": 10.0 ** (power * k - 6),
            "mib": 1.0,
        }
        for variable, power in (("N", 1.0), ("times", 0.5))
        for k in range(3, 8)
    ]
    draw_growth(found, tmp_path / "growth.png")
    assert made_of(found).encode() in (tmp_path / "growth.png").read_bytes()
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
    text = describe_growth(found)
    assert "components like the power 1.00" in text and "times like the power 0.50" in text
