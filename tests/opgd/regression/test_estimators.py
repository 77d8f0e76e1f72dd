from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from opgd.regression import DiagonalAdaptiveKernelRegressor, FixedKernelRegressor
from opgd.regression.basis import real_features
from opgd.regression.coupled import CoupledFlow, FixedKernelFlow, LeastSquares
from opgd.regression.frequencies import first_frequencies, kernel_eigenvalues

Array = NDArray[np.float64]
BOTH = [FixedKernelRegressor, DiagonalAdaptiveKernelRegressor]


def wave(n: int = 120, dimension: int = 2, noise: float = 0.1) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (n, dimension))
    return x, 3 + np.sin(2 * math.pi * x[:, 0]) + noise * rng.standard_normal(n)


@parametrize_with_checks([FixedKernelRegressor(), DiagonalAdaptiveKernelRegressor(depth=1)])
def test_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("depth", [None, 0, 2])
def test_fit_follows_the_flow(depth: int | None) -> None:
    """The path, written out: scaled targets, Fourier features, the flow, the end of the path."""
    x, y = wave()
    options = dict(r=1.5, n_frequencies=60, domain=(-1, 1), max_time=20.0, early_stopping=False)
    m = first_frequencies(2, 60)
    lam, features = kernel_eigenvalues(m, 1.5), real_features(x, m)
    loss = LeastSquares.of(features, (y - y.mean()) / y.std())
    if depth is None:
        model: Any = FixedKernelRegressor(**options).fit(x, y)
        flow: Any = FixedKernelFlow()
    else:
        model = DiagonalAdaptiveKernelRegressor(depth, **options).fit(x, y)
        flow = CoupledFlow(depth, len(x) ** (-0.5 / (depth + 2)), tolerance=1e-8)
    *_, middle, state = flow.path(loss, lam, model.times_[1:])
    allowed = 1e-10 if depth is None else 0.02
    assert model.times_[0] == 0 and model.time_ == model.times_[-1] == 20
    np.testing.assert_allclose(model.coef_, y.std() * state.theta, atol=allowed)
    np.testing.assert_allclose(model.path_[-2], y.std() * middle.theta, atol=allowed)
    np.testing.assert_allclose(model.eigenvalues_, state.learned_eigenvalue**2, rtol=3 * allowed, atol=1e-12)
    assert model.predict(x) == pytest.approx(y.mean() + features @ model.coef_, abs=1e-10)
    staged = list(model.staged_predict(x))
    assert len(staged) == len(model.times_) and np.allclose(staged[0], y.mean())
    np.testing.assert_allclose(staged[-1], model.predict(x))


@pytest.mark.parametrize("cls", BOTH)
def test_early_stopping(cls: Any) -> None:
    """It stops at the least validation error, looks `patience` decades further, and then fits all samples."""
    x, y = wave(noise=1.0)
    seen: list[tuple[float, float]] = []
    options = dict(n_frequencies=200, domain=(-1, 1), random_state=3, patience=0.5, times_per_decade=7)
    model = cls(**options, callback=lambda t, e: seen.append((t, e))).fit(x, y)
    times, errors = np.array(seen).T
    np.testing.assert_array_equal(errors, model.validation_errors_)
    best = int(errors.argmin())
    assert 0 < best < len(errors) - 1 and times[best] == model.time_
    assert times[-2] <= model.time_ * 10**0.5 < times[-1] < 1e4
    train, test = train_test_split(np.arange(len(y)), test_size=24, random_state=3)
    part = cls(**options, refit=False).fit(x, y)
    assert part.time_ == model.time_ and part.intercept_ == pytest.approx(y[train].mean())
    assert np.square(y[test] - part.predict(x[test])).mean() == pytest.approx(errors[best])
    whole = cls(**{**options, "early_stopping": False, "max_time": model.time_, "times_per_decade": 20}).fit(
        x, y
    )
    np.testing.assert_allclose(whole.predict(x), model.predict(x), atol=0.03)


@pytest.mark.parametrize("cls", BOTH)
def test_the_learned_domain(cls: Any) -> None:
    """Inputs are scaled to [-span, span], constant ones do not matter, values outside move to the edge."""
    x, y = wave()
    x = np.column_stack([1e6 * x[:, 0], x[:, 1], np.full(len(x), 7.0)])
    model = cls(n_frequencies=80, span=0.8, random_state=0).fit(x, y)
    torus = model._to_torus(x)
    assert np.allclose(torus.min(axis=0), [-0.8, -0.8, 0]) and np.allclose(torus.max(axis=0), [0.8, 0.8, 0])
    edge = x[:1].copy()
    edge[0, 0] = x[:, 0].max()
    beyond = edge.copy()
    beyond[0, 0] = 1e300
    assert model.predict(edge) == pytest.approx(model.predict(beyond), abs=1e-12)
    assert np.isfinite(model.predict(np.full((1, 3), -1e308))).all()


def test_the_given_domain() -> None:
    x, y = wave()
    here = FixedKernelRegressor(n_frequencies=80, domain=(-1, 1), random_state=0).fit(x, y)
    there = FixedKernelRegressor(n_frequencies=80, domain=(0, 4), random_state=0).fit(2 + 2 * x, y)
    assert here.predict(x) == pytest.approx(there.predict(2 + 2 * x), abs=1e-10)
    assert here.predict([[1.0, 0.3]]) == pytest.approx(here.predict([[-1.0, 0.3]]), abs=1e-10)
    with pytest.raises(ValueError, match=r"X holds values from .* to 1\.5: all must lie in domain"):
        here.predict([[1.5, 0.0]])
    with pytest.raises(ValueError, match="domain"):
        FixedKernelRegressor(domain=(-0.5, 1)).fit(x, y)


def test_a_trend_wants_half_the_torus() -> None:
    """The default span: on the whole torus a trend jumps from the last value to the first."""
    x = np.random.default_rng(0).uniform(0, 1, (150, 2))
    scores = [
        FixedKernelRegressor(n_frequencies=100, span=span, random_state=0).fit(x, x[:, 0]).score(x, x[:, 0])
        for span in (0.5, 1.0)
    ]
    assert scores[0] > 0.99 > scores[1]


def test_adaptivity_pays_off() -> None:
    """The wave of Figure 5: the adaptive kernel finds it from samples too few for the fixed one."""
    rng = np.random.default_rng(1)
    x, new = rng.uniform(-1, 1, (2, 300, 2))
    f = np.sin(7.5 * math.pi * np.stack([x[:, 0], new[:, 0]]))
    y = f[0] + 0.3 * rng.standard_normal(300)
    options = dict(r=1.5, n_frequencies=500, domain=(-1, 1), random_state=0)
    fixed = FixedKernelRegressor(**options).fit(x, y).score(new, f[1])
    adaptive = [
        DiagonalAdaptiveKernelRegressor(depth, **options).fit(x, y).score(new, f[1]) for depth in (0, 1)
    ]
    assert fixed < 0.5 < 0.75 < min(adaptive)


@pytest.mark.parametrize("cls", BOTH)
def test_pipeline_and_grid_search(cls: Any) -> None:
    x, y = wave()
    model = make_pipeline(MinMaxScaler((-0.5, 0.5)), cls(n_frequencies=60, domain=(-1, 1), random_state=0))
    prefix = cls.__name__.lower()
    with pytest.raises(ValueError, match="domain"):
        model.set_params(**{f"{prefix}__domain": (-0.1, 0.1)}).fit(x, y)
    model.set_params(**{f"{prefix}__domain": (-1, 1)})
    search = GridSearchCV(model, {f"{prefix}__n_frequencies": [1, 60]}, cv=3).fit(x, y)
    assert search.best_params_ == {f"{prefix}__n_frequencies": 60} and search.best_score_ > 0.5
    assert pickle.loads(pickle.dumps(search)).predict(x) == pytest.approx(search.predict(x))


@pytest.mark.parametrize("cls", BOTH)
def test_same_seed_same_bits(cls: Any) -> None:
    x, y = wave()
    model = cls(n_frequencies=100, random_state=5).fit(x, y)
    np.testing.assert_array_equal(model.coef_, clone(model).fit(x, y).coef_)
    assert model.time_ == clone(model).fit(x, y).time_


def test_unscaled_targets_and_radius() -> None:
    x, y = wave()
    model = FixedKernelRegressor(radius_squared=4, normalize_y=False, random_state=0).fit(x, y)
    assert len(model.frequencies_) == 13 and model.intercept_ == 0
    assert next(model.staged_predict(x)) == pytest.approx(0)
    constant = FixedKernelRegressor(n_frequencies=5, random_state=0).fit(x, np.full(len(x), 2.5))
    assert constant.predict(x) == pytest.approx(2.5)


@pytest.mark.parametrize(
    "bad",
    [
        {"r": 0.0}, {"r": math.nan}, {"n_frequencies": 0}, {"n_frequencies": 2.5}, {"radius_squared": -1},
        {"span": 0.0}, {"span": 1.5}, {"domain": (1, -1)}, {"domain": (0, 1, 2)}, {"domain": (0, math.inf)},
        {"max_time": 0.0}, {"max_time": math.inf}, {"times_per_decade": 0}, {"validation_fraction": 0.0},
        {"validation_fraction": 1.0}, {"patience": 0.0}, {"early_stopping": "yes"}, {"refit": None},
        {"normalize_y": 1}, {"callback": 3}, {"n_frequencies": 10**9},
    ],
)  # fmt: skip
def test_bad_parameters(bad: dict[str, Any]) -> None:
    x, y = wave(20)
    with pytest.raises(ValueError, match=next(iter(bad)) if bad != {"n_frequencies": 10**9} else "GiB"):
        FixedKernelRegressor(**bad).fit(x, y)


@pytest.mark.parametrize(
    "bad", [{"depth": -1}, {"depth": 0.5}, {"b0": 0.0}, {"tolerance": 1.0}, {"separate_layers": "no"}]
)
def test_bad_parameters_of_the_adaptive_kernel(bad: dict[str, Any]) -> None:
    x, y = wave(20)
    with pytest.raises(ValueError, match=next(iter(bad))):
        DiagonalAdaptiveKernelRegressor(**bad).fit(x, y)


def test_bad_data() -> None:
    x, y = wave(20)
    model = FixedKernelRegressor(n_frequencies=30)
    for broken in (np.where(x > 0.5, np.nan, x), np.where(x > 0.5, np.inf, x)):
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            model.fit(broken, y)
    with pytest.raises(ValueError, match="1 sample"):
        model.fit(x[:1], y[:1])
    with pytest.raises(ValueError, match="3 features, but FixedKernelRegressor is expecting 2"):
        model.fit(x, y).predict(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="too large"):
        model.fit(x, 1e200 * y)
    with pytest.raises(ValueError, match=r"40000 frequencies at 20000 samples need a matrix of 6\.0"):
        FixedKernelRegressor(n_frequencies=40_000).fit(np.linspace(0, 1, 20_000)[:, None], np.zeros(20_000))
