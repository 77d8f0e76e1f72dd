from __future__ import annotations

import math
import pickle
from email.message import Message
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from opgd.regression import DiagonalAdaptiveKernelRegressor, FixedKernelRegressor, estimators
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
def test_scikit_learn(estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # else one check is skipped
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
    np.testing.assert_allclose(model.coefficients_, y.std() * state.theta, atol=allowed)
    np.testing.assert_allclose(model.path_[-2], y.std() * middle.theta, atol=allowed)
    np.testing.assert_allclose(model.eigenvalues_, state.learned_eigenvalue**2, rtol=3 * allowed, atol=1e-12)
    assert model.predict(x) == pytest.approx(y.mean() + features @ model.coefficients_, abs=1e-10)
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


def test_a_flow_that_has_not_begun_says_so() -> None:
    """Digits: 64 inputs, of which the default kernel's eigenvalues at |m| = 1 are 2^-32.5."""
    x, y = load_digits(return_X_y=True)
    x, y = x[::3], y[::3].astype(float)
    with pytest.warns(ConvergenceWarning, match="max_time"):
        stuck = FixedKernelRegressor(n_frequencies=129, max_time=1e4, random_state=0).fit(x, y)
    assert stuck.time_ == 1e4 and abs(stuck.score(x, y)) < 0.1
    model = FixedKernelRegressor(n_frequencies=129, random_state=0).fit(x, y)
    assert model.time_ < model._grid(model.eigenvalues_)[-1] and model.score(x, y) > 0.5
    few = FixedKernelRegressor()
    few.frequencies_ = first_frequencies(2, 30)
    assert few._grid(kernel_eigenvalues(few.frequencies_, 1.5))[-1] == 1e4


@pytest.mark.parametrize("selector", [RFE, SelectFromModel])
def test_coefficients_of_a_basis_select_no_inputs(selector: Any) -> None:
    x, y = wave(dimension=3)
    with pytest.raises((AttributeError, ValueError), match="feature_importances_"):
        selector(FixedKernelRegressor(n_frequencies=3, random_state=0)).fit(x, y).transform(x)


@pytest.mark.parametrize("seed", range(40))
def test_a_scaler_to_the_domain(seed: int) -> None:
    """It is right to a unit in the last place or two, and its own training data are taken."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((30, 4)) * rng.uniform(0.1, 10, 4), rng.standard_normal(30)
    model = make_pipeline(MinMaxScaler((-1, 1)), FixedKernelRegressor(n_frequencies=9, domain=(-1, 1)))
    assert np.isfinite(model.fit(x, y).predict(x)).all()


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("early_stopping", [True, False])
def test_weights_count_samples(cls: Any, early_stopping: bool) -> None:
    x, y = wave(60, noise=1.0)
    times = np.random.default_rng(1).integers(0, 4, 60)
    options = dict(n_frequencies=30, early_stopping=early_stopping, random_state=2)
    weighted = cls(**options).fit(x, y, sample_weight=times)
    again = np.random.default_rng(2).permutation(np.repeat(np.arange(60), times))
    repeated = cls(**options).fit(x[again], y[again])
    assert weighted.time_ == repeated.time_
    np.testing.assert_allclose(weighted.predict(x), repeated.predict(x), atol=1e-9)
    same = cls(**options).fit(x, y, sample_weight=np.ones(60))
    np.testing.assert_allclose(same.predict(x), cls(**options).fit(x, y).predict(x), atol=1e-9)
    for bad in (-times, np.zeros(60), times[:5]):
        with pytest.raises(ValueError, match="sample_weight"):
            cls(**options).fit(x, y, sample_weight=bad)


def test_a_generator_draws_the_split() -> None:
    x, y = wave(noise=1.0)
    rng = np.random.default_rng(0)
    one, two, other = (
        FixedKernelRegressor(n_frequencies=30, random_state=source).fit(x, y)
        for source in (np.random.default_rng(0), rng, rng)
    )
    np.testing.assert_array_equal(one.validation_errors_, two.validation_errors_)
    assert other.validation_errors_[0] != two.validation_errors_[0]


def test_masked_values_are_refused() -> None:
    x, y = wave(30)
    masked = np.ma.masked_array(x, mask=x > 0.9)
    model = FixedKernelRegressor(n_frequencies=9, random_state=0).fit(np.ma.masked_array(x), y)
    for call in (lambda: model.predict(masked), lambda: model.fit(masked, y), lambda: model.fit(
        x, np.ma.masked_less(y, 2.5)
    )):  # fmt: skip
        with pytest.raises(ValueError, match=r"^[Xy] holds \d+ masked values"):
            call()


def test_the_picture_links_to_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    about = Message()
    about["Project-URL"] = "Documentation, https://book.example/edition/"
    monkeypatch.setattr(estimators, "metadata", lambda name: about)
    html = FixedKernelRegressor()._repr_html_()
    assert (
        "https://book.example/edition/api/opgd-regression.html#opgd.regression.FixedKernelRegressor" in html
    )
    del about["Project-URL"]
    assert FixedKernelRegressor()._get_doc_link() == ""


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
    np.testing.assert_array_equal(model.coefficients_, clone(model).fit(x, y).coefficients_)
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
    model = FixedKernelRegressor(n_frequencies=30, early_stopping=False)
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
