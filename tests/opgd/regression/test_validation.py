"""Folds that do not leak, and intervals that cover."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from opgd.regression import load_california_housing, load_concrete
from opgd.regression.validation import corrected_interval, equal_rows, grouped_splits, spatial_blocks

steady = settings(derandomize=True, deadline=None, max_examples=60)


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(-1, 1)), min_size=1, max_size=30))
@steady
def test_rows_are_equal_exactly_if_their_numbers_are(rows: list[tuple[int, float]]) -> None:
    labels = equal_rows(np.array(rows, dtype=float))
    for a, first in enumerate(rows):
        for b, second in enumerate(rows):
            assert (labels[a] == labels[b]) == (first == second)


@given(
    st.lists(st.integers(-3, 9), min_size=2, max_size=60),
    st.integers(2, 6),
    st.integers(1, 3),
    st.integers(0, 99),
)
@steady
def test_folds_are_a_partition_into_whole_groups(
    groups: list[int], folds: int, repetitions: int, seed: int
) -> None:
    labels = np.array(groups)
    if folds > len(set(groups)):
        with pytest.raises(ValueError, match="folds"):
            grouped_splits(labels, folds=folds)
        return
    splits = grouped_splits(labels, folds=folds, repetitions=repetitions, seed=seed)
    assert len(splits) == folds * repetitions
    for repetition in range(repetitions):
        some = splits[repetition * folds : (repetition + 1) * folds]
        assert sorted(np.concatenate([test for _, test in some])) == list(range(len(labels)))
        for train, test in some:
            assert not set(labels[train]) & set(labels[test])
            assert sorted([*train, *test]) == list(range(len(labels)))
    again = grouped_splits(labels, folds=folds, repetitions=repetitions, seed=seed)
    assert all((a[1] == b[1]).all() for a, b in zip(splits, again, strict=True))


def test_repetitions_differ() -> None:
    splits = grouped_splits(np.arange(50), folds=5, repetitions=2)
    assert splits[0][1].tolist() != splits[5][1].tolist()


def test_concrete_leaks_without_groups_and_not_with_them() -> None:
    X, _ = load_concrete(return_X_y=True)
    groups = equal_rows(X)
    assert len(set(groups.tolist())) == 992
    for train, test in grouped_splits(groups, folds=10, repetitions=2):
        assert not {row.tobytes() for row in X[train]} & {row.tobytes() for row in X[test]}
    naive = grouped_splits(np.arange(len(X)), folds=10)
    assert any(
        {row.tobytes() for row in X[train]} & {row.tobytes() for row in X[test]} for train, test in naive
    )


def test_blocks_are_compact() -> None:
    """Places are nearer to their own block's centre than to others, and neighbours across folds are rarer."""
    X, _ = load_california_housing(return_X_y=True)
    place = X[::10, 6:] * [1.0, math.cos(math.radians(36))]
    blocks = spatial_blocks(place, 30, seed=3)
    assert set(blocks.tolist()) == set(range(30))
    centres = np.array([place[blocks == k].mean(axis=0) for k in range(30)])
    nearest = np.argmin(np.linalg.norm(place[:, None] - centres, axis=2), axis=1)
    assert (nearest == blocks).mean() > 0.98
    gap = np.linalg.norm(place[:, None] - place, axis=2)
    share = [
        np.mean([gap[np.ix_(test, train)].min(axis=1).mean() for train, test in grouped_splits(g)])
        for g in (np.arange(len(place)), blocks)
    ]
    assert share[1] > 3 * share[0]
    assert (blocks == spatial_blocks(place, 30, seed=3)).all()


def test_interval_by_another_route() -> None:
    scores = np.random.default_rng(0).normal(3, 1, 15)
    found = corrected_interval(scores, test_share=0.2, level=0.9)
    scale = math.sqrt(np.var(scores, ddof=1) * (1 / 15 + 0.25))
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.9, 14, scores.mean(), scale))
    assert found.mean == pytest.approx(scores.mean())
    tiny = corrected_interval(scores, test_share=1e-12, level=0.9)
    plain = stats.ttest_1samp(scores, 0).confidence_interval(0.9)
    assert (tiny.low, tiny.high) == pytest.approx((plain.low, plain.high))


def test_the_correction_is_needed_and_covers() -> None:
    """Squared error of the sample mean as a predictor: its expectation over data sets is known exactly."""
    rng, n, folds, repetitions = np.random.default_rng(5), 60, 5, 6
    train_size = n - n // folds
    truth = 1 + 1 / train_size
    hits = np.zeros(2)
    for _ in range(400):
        y, scores = rng.normal(size=n), []
        for _ in range(repetitions):
            test = rng.permutation(n).reshape(folds, -1)
            means = (y.sum() - y[test].sum(axis=1)) / train_size
            scores += np.square(y[test] - means[:, None]).mean(axis=1).tolist()
        for k, share in enumerate((0.2, 1e-12)):
            interval = corrected_interval(scores, test_share=share)
            hits[k] += interval.low <= truth <= interval.high
    assert hits[0] / 400 > 0.9 and hits[1] / 400 < 0.8


@pytest.mark.parametrize(("call", "message"), [
    (lambda: equal_rows([1.0, 2.0]), r"x of shape \(2,\)"),
    (lambda: equal_rows([[math.nan]]), "x holds nan"),
    (lambda: spatial_blocks([[0.0, 0.0]], 2), "blocks = 2"),
    (lambda: spatial_blocks([[0.0, math.inf]], 2), "position holds inf"),
    (lambda: spatial_blocks([[0.0], [1.0]], 2, seed=-1), "seed = -1"),
    (lambda: grouped_splits([0.5, 1.0]), "groups"),
    (lambda: grouped_splits([]), "groups"),
    (lambda: grouped_splits([0, 1], folds=1), "folds = 1"),
    (lambda: grouped_splits([0, 1], folds=3), "folds = 3"),
    (lambda: grouped_splits([0, 1], folds=2, repetitions=0), "repetitions = 0"),
    (lambda: grouped_splits([0, 1], folds=2, seed=-1), "seed = -1"),
    (lambda: corrected_interval([1.0], test_share=0.2), "scores of shape"),
    (lambda: corrected_interval([1.0, math.nan], test_share=0.2), "scores holds nan"),
    (lambda: corrected_interval([1.0, 2.0], test_share=1.0), "test_share = 1.0"),
    (lambda: corrected_interval([1.0, 2.0], test_share=0.0), "test_share = 0.0"),
    (lambda: corrected_interval([1.0, 2.0], test_share=0.2, level=1.0), "level = 1.0"),
])  # fmt: skip
def test_bad_input(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
