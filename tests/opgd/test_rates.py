"""Fits of a power law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import raises

from opgd import fit_rate


def test_against_the_normal_equations() -> None:
    rng = np.random.default_rng(3)
    n = np.geomspace(2000, 10_000, 12)
    error = 4 * n**-0.5 * np.exp(0.05 * rng.standard_normal(12))
    fit = fit_rate(n, error)
    design = np.column_stack([np.log10(n), np.ones(12)])
    solution, residual, _, _ = np.linalg.lstsq(design, np.log10(error), rcond=None)
    covariance = np.linalg.inv(design.T @ design) * residual[0] / 10
    assert (fit.slope, fit.intercept) == (pytest.approx(solution[0]), pytest.approx(solution[1]))
    assert fit.slope_stderr == pytest.approx(math.sqrt(covariance[0, 0]))
    assert fit.intercept_stderr == pytest.approx(math.sqrt(covariance[1, 1]))
    assert {type(value) for value in (fit.slope, fit.intercept, fit.slope_stderr, fit.intercept_stderr)} == {
        float
    }


def test_standard_errors_cover() -> None:
    rng = np.random.default_rng(5)
    n = np.geomspace(100, 10_000, 9)
    covered = 0
    for _ in range(400):
        fit = fit_rate(n, n**-0.7 * 10 ** (0.02 * rng.standard_normal(9)))
        covered += (
            abs(fit.slope + 0.7) <= 2.365 * fit.slope_stderr
        )  # 95 % of Student's t, 7 degrees of freedom
    assert 0.92 <= covered / 400 <= 0.98


def test_exact_lines() -> None:
    fit = fit_rate([10, 1000], [5.0, 0.05])
    assert fit.slope == pytest.approx(-1)
    assert 10**fit.intercept == pytest.approx(50)
    assert fit.slope_stderr == fit.intercept_stderr == 0
    np.testing.assert_allclose(fit.predict([10, 100, 1000]), [5, 0.5, 0.05])
    assert fit.predict(100.0).shape == ()
    constant = fit_rate([1, 10, 100], [2.0, 2.0, 2.0])
    assert (constant.slope, constant.slope_stderr) == (0, 0)


@pytest.mark.parametrize(("name", "value"), [
    ("n", [1.0, 0.0, 3.0]), ("n", [1.0, -2.0, 3.0]), ("n", [1.0, math.nan, 3.0]),
    ("n", [1.0, math.inf, 3.0]), ("n", ["a", "b", "c"]),
    ("n", 5.0), ("n", [[1.0, 2.0, 3.0]]), ("n", [2.0, 2.0, 2.0]), ("n", [1.0, 2.0]), ("n", []),
    ("n", [True, False, True]),
    ("error", [1.0, 0.0, 2.0]), ("error", [1.0, -1.0, 2.0]), ("error", [1.0, math.nan, 2.0]),
    ("error", [1.0, math.inf, 2.0]), ("error", None),
    ("error", [1.0]), ("error", [1j, 1.0, 1.0]),
])  # fmt: skip
def test_bad_input(name: str, value: Any) -> None:
    good: dict[str, Any] = {"n": [1.0, 2.0, 3.0], "error": [3.0, 2.0, 1.0]}
    raises(lambda: fit_rate(**{**good, name: value}), name, "must")


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, "a"])
def test_bad_prediction(bad: Any) -> None:
    raises(lambda: fit_rate([1, 10], [1, 2]).predict(bad), "n ", "must")
