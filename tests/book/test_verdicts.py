"""Every verdict follows from `evidence/reference.json` and the printed numbers, in a few lines."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from opgd.paper import reported

ROOT = Path(__file__).resolve().parents[2]
LIMITS = {
    1: 9.0,
    2: -2 * math.log(math.erfc(3 / math.sqrt(2))),
}  # chi-square, what three deviations leave out


def test_anyone_can_recompute_the_verdicts() -> None:
    reference = json.loads((ROOT / "evidence" / "reference.json").read_text(encoding="utf-8"))
    rows: dict[str, dict[str, Any]] = defaultdict(dict)
    for chapter in reference["chapters"].values():
        for name, (value, _) in chapter["results"].items():
            number, _, field = name.partition(": ")
            if number.partition(", ")[0] in reported.items():
                rows[number][field] = value
    assert len(rows) == sum(len(reported.cells(item)) for item in reported.items())
    for number, row in rows.items():
        item = number.partition(", ")[0]
        fit = [name.removeprefix("covariance with ") for name in row if name.startswith("covariance")]
        covariance = [[rows[f"{item}, {one}"][f"covariance with {other}"] for other in fit] for one in fit]
        printed = [reported.lookup(item, cell) for cell in fit]
        off = np.array([rows[f"{item}, {cell}"][""] for cell in fit]) - [one.value for one in printed]
        total = np.array(covariance) + np.diag([one.unit**2 / 12 for one in printed])
        distance = float(off @ np.linalg.inv(total) @ off)
        assert (row["verdict"] == "match") == (distance <= LIMITS[len(fit)]), (number, distance)
