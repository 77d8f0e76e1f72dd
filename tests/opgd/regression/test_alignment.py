"""Fits of Example 2.3 to sequences whose p, q and order are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from opgd import PowerLaw
from opgd.regression.alignment import misalignment

steady = settings(derandomize=True, deadline=None, max_examples=60)


@given(p=st.floats(0.1, 4), q=st.floats(1, 2.5))
@steady
def test_the_signals_of_the_paper_give_their_own_p_and_q(p: float, q: float) -> None:
    signal = PowerLaw(p, q, gamma=1.5, n=1000, size=20_000).truncated().signal
    values = np.sort(signal[signal > 0])
    if (values[1:] == values[:-1]).any():  # at q near 1 two j may share a place
        return
    found = misalignment(signal, values[0] / 2)
    assert found.significant == len(values)
    assert math.isclose(found.p, p, abs_tol=1e-9)
    assert abs(found.q - q) < 0.06  # floor(j^q) is below j^q, by up to 1/2 in the logarithm at j = 2


@given(st.integers(0, 2**32), st.floats(1e-6, 1e6))
@steady
def test_scale_does_not_matter_and_thresholds_do(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.exponential(size=500)
    first, second = misalignment(sizes, 0.5), misalignment(scale * sizes, scale * 0.5)
    assert abs(first.significant - second.significant) <= 1
    assert math.isclose(first.p, second.p, rel_tol=1e-6, abs_tol=1e-6)
    assert first.rank_correlation == pytest.approx(second.rank_correlation, abs=1e-9)
    assert first.significant == (sizes > 0.5).sum()


def test_random_orders_scatter_around_their_mean() -> None:
    rng = np.random.default_rng(0)
    sizes = np.arange(1, 401) ** -0.8
    found = [misalignment(rng.permutation(sizes), sizes[60]) for _ in range(400)]
    q = np.array([one.q for one in found])
    assert abs(q.mean() - found[0].q_random) < 4 * q.std() / 20
    ranks = np.array([one.rank_correlation for one in found])
    assert abs(ranks.mean()) < 4 * ranks.std() / 20 and abs(ranks.std() * math.sqrt(399) - 1) < 0.15
    assert np.ptp([one.p for one in found]) < 1e-9  # the order does not touch p
    sorted_one = misalignment(sizes, sizes[60])
    assert sorted_one.q == pytest.approx(1) and sorted_one.rank_correlation == pytest.approx(1)
    assert misalignment(sizes[::-1], sizes[60]).rank_correlation == pytest.approx(-1)


def test_formulas_by_another_route() -> None:
    """Normal equations solved by least squares, rank correlation by Pearson's formula on ranks."""
    rng = np.random.default_rng(1)
    sizes = rng.gamma(0.5, size=300).round(2)  # with ties
    found = misalignment(sizes, 0.3)
    order = sorted(range(300), key=lambda k: (-sizes[k], k))[: int((sizes > 0.3).sum())]
    j = np.arange(1, len(order) + 1)
    root = 1 / np.sqrt(j)
    line = np.column_stack([np.ones_like(root), np.log(j)]) * root[:, None]
    slope = np.linalg.lstsq(line, np.log(sizes[order]) * root)[0][1]
    assert found.p == pytest.approx(-2 * slope - 1)
    through = np.linalg.lstsq(line[:, 1:], np.log(np.array(order) + 1) * root)[0][0]
    assert found.q == pytest.approx(through)
    assert found.rank_correlation == pytest.approx(-np.corrcoef(np.arange(300), rankdata(sizes))[0, 1])
    logs = np.mean(np.log(np.arange(1, 301)))
    assert found.q_random == pytest.approx(np.linalg.lstsq(line[:, 1:], logs * root)[0][0])


def test_equal_sizes_have_no_correlation() -> None:
    assert misalignment(np.ones(10), 0.5).rank_correlation == 0


@pytest.mark.parametrize(("sizes", "threshold", "message"), [
    ([1.0, -1.0, 1.0], 0.5, "magnitudes holds -1"),
    ([1.0, math.nan, 1.0], 0.5, "magnitudes holds nan"),
    ([1.0, 1.0], 0.5, r"magnitudes of shape \(2,\)"),
    ([[1.0], [1.0], [1.0]], 0.5, r"magnitudes of shape \(3, 1\)"),
    ([1.0, 2.0, 3.0], 0.0, "threshold = 0"),
    ([1.0, 2.0, 3.0], math.inf, "threshold = inf"),
    ([1.0, 2.0, 3.0], 1.0, "threshold = 1 is exceeded by 2 of 3"),
])  # fmt: skip
def test_bad_input(sizes: list[float], threshold: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        misalignment(sizes, threshold)
