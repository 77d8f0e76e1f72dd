"""Empirical Bayes against R's EbayesThresh (Johnstone and Silverman, J. Statist. Software 12(8), 2005).

`ebayesthresh_values.csv` holds what EbayesThresh 1.4-13 (R 4.2.2) makes of the 16 vectors in
`ebayesthresh_vectors.csv`, at noise level 1, with universal bounds on the threshold:
`ebayesthresh(x, "laplace", a, bayesfac = FALSE, sdev = 1, threshrule = "median", universalthresh = TRUE)`,
with a = 0.5, 0.2 and fitted. The file also holds the posterior mean and the
Cauchy slab, which `opgd.classics` does not have.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from opgd.classics import EmpiricalBayes

HERE = Path(__file__).parent


def vectors() -> dict[str, NDArray[np.float64]]:
    found: dict[str, list[float]] = {}
    with (HERE / "ebayesthresh_vectors.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["vector"], []).append(float(row["x"]))
    return {name: np.array(values) for name, values in found.items()}


def medians() -> list[dict[str, Any]]:
    with (HERE / "ebayesthresh_values.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["prior"], row["rule"]) == ("laplace", "median")]
    words = ("vector", "prior", "rule", "scale_given")
    return [{key: value if key in words else float(value) for key, value in row.items()} for row in rows]


VECTORS, ROWS = vectors(), medians()


def test_there_is_something_to_compare() -> None:
    assert len(VECTORS) == 16 and len(ROWS) == 48


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['vector']}-{row['scale_given']}")
def test_against_r(row: dict[str, Any]) -> None:
    x, rule = VECTORS[row["vector"]], EmpiricalBayes(row["scale"])
    weight = float(rule.weight(x, 1.0))
    if row["scale_given"] == "fitted":  # R stops near the best pair; given its scale, its weight is no better

        def likelihood(w: float) -> float:
            return float(np.log1p(w * rule._beta(np.abs(x))).sum())

        assert likelihood(row["weight"]) - 1e-9 <= likelihood(weight) < likelihood(row["weight"]) + 1e-6
        assert weight == pytest.approx(row["weight"], rel=1e-3)
    else:  # R bisects down to 1e-8
        assert weight == pytest.approx(row["weight"], rel=5e-9)
        assert np.square(rule.estimate(x, 1.0)).sum() == pytest.approx(row["sum_square"], rel=1e-9)
    assert rule.weight_at(row["threshold"]) == pytest.approx(row["weight"], rel=1e-7)
    median = rule.posterior_median(x, row["weight"])
    assert (median == 0).sum() == row["zeros"]
    assert median[:3] == pytest.approx([row["first"], row["second"], row["third"]], rel=1e-12, abs=1e-14)
    assert median.sum() == pytest.approx(row["sum_estimate"], rel=1e-12, abs=1e-12)
    assert np.square(median).sum() == pytest.approx(row["sum_square"], rel=1e-12)
