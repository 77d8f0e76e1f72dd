"""The chapter *Real data* without its fast sums: plain definitions, other folds, other decompositions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.sparse.linalg import svds
from scipy.stats import rankdata, spearmanr
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from opgd.paper import reported
from opgd.regression import (
    DiagonalAdaptiveKernelRegressor,
    FixedKernelRegressor,
    load_california_housing,
    load_concrete,
)
from opgd.regression.validation import equal_rows, grouped_splits

LOADERS = {"california": (load_california_housing, 13), "concrete": (load_concrete, 7)}


def to_ranks(X: np.ndarray) -> np.ndarray:
    """Ranks from -1 to 1; ties in the middle, but at the ends of the range."""
    ranks = 2 * (rankdata(X, axis=0) - 0.5) / len(X) - 1
    return np.where(X.min(axis=0) == X, -1, np.where(X.max(axis=0) == X, 1, ranks))


def min_max(X: np.ndarray) -> np.ndarray:
    return 2 * (X - X.min(axis=0)) / np.ptp(X, axis=0) - 1


def shells(radius: int) -> list[list[tuple[int, ...]]]:
    """Decreasing tuples of eight non-negative integers by squared norm: one of each orbit."""
    root = math.isqrt(radius)
    orbits: list[list[tuple[int, ...]]] = [[] for _ in range(radius + 1)]
    for m in itertools.combinations_with_replacement(range(root, -1, -1), 8):
        if (norm := sum(k * k for k in m)) <= radius:
            orbits[norm].append(m)
    return orbits


def count(m: tuple[int, ...]) -> int:
    """Number of frequencies that permutations and changes of sign make of one."""
    orders = math.factorial(8) // math.prod(math.factorial(m.count(k)) for k in set(m))
    return orders * 2 ** sum(k > 0 for k in m)


@pytest.mark.parametrize("name", LOADERS)
def test_figure_6(name: str) -> None:
    """Counts by orbits; the largest coefficient is the mean, under any map, and lies where the axis says."""
    load, radius = LOADERS[name]
    X, y = load(return_X_y=True)
    size = sum(count(m) for shell in shells(radius) for m in shell)
    assert size == {13: 136_209, 7: 12_369}[radius]
    axis = reported.lookup("Figure 6", f"{name} frequencies")
    assert abs(size - axis.value) < axis.unit
    tick = reported.lookup("Figure 6", f"{name} largest")
    assert tick.value <= y.mean() < tick.value + tick.unit
    assert y.min() > 0  # so that |c_m| <= mean of |y| = c_0
    rng = np.random.default_rng(0)
    for m in rng.integers(-2, 3, (5, 8)):
        for x in (min_max(X), to_ranks(X)):
            assert abs(np.mean(y * np.exp(-1j * np.pi * (x @ m)))) <= y.mean()


def random_frequencies(radius: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform draws from the ball: an orbit by its size, then a random member."""
    orbits = [m for shell in shells(radius) for m in shell]
    weights = np.array([count(m) for m in orbits], dtype=float)
    chosen = rng.choice(len(orbits), size, p=weights / weights.sum())
    members = rng.permuted(np.array(orbits)[chosen], axis=1)
    return members * rng.choice([-1, 1], members.shape)


def test_the_map_decides_how_many_are_large() -> None:
    """Direct sums at 400 random frequencies: one in twelve is large under min-max, none under ranks."""
    X, y = load_california_housing(return_X_y=True)
    m = random_frequencies(13, 400, np.random.default_rng(1))
    share = {}
    for x, how in ((min_max(X), "min-max"), (to_ranks(X), "rank")):
        waves = np.exp(-1j * np.pi * (x @ m.T))
        values = np.abs(y @ waves) / len(y)
        share[how] = np.mean(values > y.mean() / 2)
        of_mean, of_rest = y.mean() * waves.mean(axis=0), (y - y.mean()) @ waves / len(y)
        part = np.sum(abs(of_mean) ** 2) / np.sum(abs(of_mean) ** 2 + abs(of_rest) ** 2)
        assert part > 0.7  # most of it is the mean of the target times a function of the inputs
    assert abs(share["min-max"] - 11_119 / 136_209) < 4 * math.sqrt(0.0816 * 0.9184 / 400)
    assert share["rank"] == 0


def test_misalignment_is_that_of_the_inputs() -> None:
    """Concrete: the shuffled target has the decay of the target; neither it nor the centred one is sparse."""
    X, y = load_concrete(return_X_y=True)
    rng = np.random.default_rng(2)
    m = np.array([m for m in itertools.product((-1, 0, 1), repeat=8) if 0 < sum(map(abs, m)) <= 5])
    m = m[np.lexsort((*m.T[::-1], np.square(m).sum(axis=1)))]
    waves = np.exp(-1j * np.pi * (to_ranks(X) @ m.T))
    decay, order = {}, {}
    for what, target in (("target", y), ("shuffled", rng.permutation(y)), ("centred", y - y.mean())):
        values = np.abs(target @ waves) / len(y)
        ordered = np.sort(values)[::-1]
        ordered = ordered[ordered > 3 * y.std() / math.sqrt(len(y))]
        j = np.geomspace(1, len(ordered), 30).astype(int)
        decay[what] = -2 * np.polyfit(np.log(j), np.log(ordered[j - 1]), 1)[0] - 1
        order[what] = -spearmanr(np.arange(len(values)), values).statistic
    assert abs(decay["shuffled"] - decay["target"]) < 0.1
    assert max(decay.values()) < 0 and all(abs(value) < 0.3 for value in order.values())


def test_the_kernels_own_order_is_good() -> None:
    """Concrete on half the torus: ten singular vectors of the features, by Lanczos."""
    X, y = load_concrete(return_X_y=True)
    small = [m for m in itertools.product((-1, 0, 1), repeat=8) if sum(map(abs, m)) <= 4]
    m = np.array([*small, *2 * np.eye(8), *-2 * np.eye(8)])
    phase = np.pi * (to_ranks(X) / 2 @ m.T)
    features = np.hstack([np.cos(phase), np.sin(phase)])
    features *= np.tile((1 + np.square(m).sum(axis=1)) ** -2.25, 2)
    basis = svds(features, 10, random_state=0)[0]
    share = np.square(basis.T @ (y - y.mean())).sum() / np.square(y - y.mean()).sum()
    assert 0.6 < share < 0.9


@pytest.mark.filterwarnings("ignore:at max_time:sklearn.exceptions.ConvergenceWarning")
def test_learned_eigenvalues_do_not_help_on_concrete() -> None:
    """Other folds, a smaller basis, other trees: no gain from depth 0, and trees are ahead of both."""
    X, y = load_concrete(return_X_y=True)
    cv = grouped_splits(equal_rows(X), folds=3, seed=77)
    options = {"n_frequencies": 150, "random_state": 1}
    models = {
        "fixed": make_pipeline(QuantileTransformer(n_quantiles=50), FixedKernelRegressor(**options)),
        "adaptive": make_pipeline(
            QuantileTransformer(n_quantiles=50), DiagonalAdaptiveKernelRegressor(0, **options)
        ),
        "trees": GradientBoostingRegressor(max_depth=5, random_state=1),
    }
    error = {
        name: -cross_val_score(model, X, y, cv=cv, scoring="neg_root_mean_squared_error").mean()
        for name, model in models.items()
    }
    assert 0.95 < error["adaptive"] / error["fixed"] < 1.15
    assert error["trees"] < 0.9 * min(error["fixed"], error["adaptive"]) < 0.6 * y.std()
