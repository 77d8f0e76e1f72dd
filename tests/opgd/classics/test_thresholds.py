"""The classical rules, against their definitions written in another way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import raises
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize
from scipy.stats import false_discovery_control, norm

from opgd.classics import (
    Blockwise,
    EmpiricalBayes,
    FDRThreshold,
    HybridSURE,
    IndexThreshold,
    Pinsker,
    SpectralCutoff,
    UniversalThreshold,
    universal_level,
)

RULES = [
    UniversalThreshold("soft"), UniversalThreshold("hard"), IndexThreshold(), IndexThreshold(3.0),
    FDRThreshold(), FDRThreshold(0.5), HybridSURE(), EmpiricalBayes(),
    Blockwise(HybridSURE()), Blockwise(EmpiricalBayes()), SpectralCutoff(2), Pinsker(0.5, 3.0),
]  # fmt: skip
DATA = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40)
EXTREME = st.floats(-1.7e308, 1.7e308)


@settings(derandomize=True, deadline=None)
@given(DATA, st.floats(1e-2, 1e2))
def test_thresholds_in_words(z: list[float], epsilon: float) -> None:
    data = np.array(z)
    level = epsilon * math.sqrt(2 * math.log(data.size))
    soft = np.sign(data) * np.maximum(np.abs(data) - level, 0)
    np.testing.assert_allclose(UniversalThreshold("soft").estimate(z, epsilon), soft, rtol=1e-9, atol=1e-12)
    hard = np.where(np.abs(data) >= level, data, 0)
    np.testing.assert_array_equal(UniversalThreshold("hard").estimate(z, epsilon), hard)
    levels = [epsilon * math.sqrt(3 * math.log(j)) for j in range(1, data.size + 1)]
    kept = [x if abs(x) >= t else 0.0 for x, t in zip(z, levels, strict=True)]
    np.testing.assert_allclose(IndexThreshold(3.0).estimate(z, epsilon), kept, rtol=1e-15)


@settings(derandomize=True, deadline=None)
@given(DATA, st.floats(0.3, 1e2), st.floats(0.01, 0.99))
def test_false_discoveries_by_scipy(z: list[float], epsilon: float, rate: float) -> None:
    """Kept is what the procedure of Benjamini and Hochberg rejects."""
    data = np.array(z)
    adjusted = false_discovery_control(2 * norm.sf(np.abs(data) / epsilon))
    clear = np.abs(adjusted / rate - 1) > 1e-9  # elsewhere rounding decides
    kept = FDRThreshold(rate).estimate(z, epsilon)
    np.testing.assert_array_equal(kept[clear], np.where(adjusted <= rate, data, 0)[clear])


def test_false_discovery_rate() -> None:
    """Of what is kept, on average a share of rate * (share of pure noise) is noise: equality holds for BH."""
    rng, size, signals, rate = np.random.default_rng(1), 200, 40, 0.2
    z = rng.standard_normal((4000, size))
    z[:, :signals] += 3
    kept = FDRThreshold(rate).estimate(z, 1.0) != 0
    share = kept[:, signals:].sum(axis=1) / np.maximum(kept.sum(axis=1), 1)
    expected = rate * (size - signals) / size
    assert abs(share.mean() - expected) < 4 * share.std() / math.sqrt(len(z))


@settings(derandomize=True, deadline=None)
@given(st.lists(st.floats(-6, 6), min_size=1, max_size=40), st.floats(0, 1))
def test_sure_on_a_dense_grid(z: list[float], part: float) -> None:
    """No threshold that is allowed has a smaller SURE than the chosen one, unless the data are sparse."""
    data, n = np.array(z), len(z)
    most = universal_level(n)
    level = float(HybridSURE().levels(z, 1.0))
    if np.mean(data**2 - 1) <= math.log2(n) ** 1.5 / math.sqrt(n):
        assert level == most
        return
    levels = np.append(np.abs(data[np.abs(data) <= most]), [part * most, 0.0, most, level])
    sure = [n - 2 * (np.abs(data) <= t).sum() + np.minimum(data**2, t**2).sum() for t in levels]
    assert sure[-1] <= min(sure) + 1e-9
    np.testing.assert_allclose(
        HybridSURE().estimate(z, 1.0), np.sign(data) * np.maximum(np.abs(data) - level, 0), atol=1e-12
    )


def test_blocks_are_dyadic() -> None:
    z = np.random.default_rng(2).normal(size=(3, 21)) * 4
    for rule in (HybridSURE(), EmpiricalBayes(), FDRThreshold(0.3)):
        parts = [rule.estimate(z[:, a:b], 0.8) for a, b in ((0, 1), (1, 3), (3, 7), (7, 15), (15, 21))]
        np.testing.assert_array_equal(Blockwise(rule).estimate(z, 0.8), np.concatenate(parts, axis=1))


@pytest.mark.parametrize(
    ("alpha", "radius", "epsilon"), [(1, 1, 0.1), (0.3, 2, 0.05), (2.5, 0.1, 0.2), (2, 1, 1e-4)]
)
def test_pinsker_is_minimax_among_linear_rules(alpha: float, radius: float, epsilon: float) -> None:
    """The bound solves its equation, and the least favourable signal has the same risk as the worst case."""
    rule = Pinsker.minimax(alpha, radius, epsilon)
    j = np.arange(1.0, math.ceil(rule.cutoff) + 2)
    axes = j**alpha

    def excess(log_bound: float) -> float:
        bound = math.exp(log_bound)
        return epsilon**2 * float((axes * np.maximum(bound - axes, 0)).sum()) / radius**2 - 1

    bound = math.exp(brentq(excess, 0.0, math.log(axes[-1]), xtol=1e-14))
    assert rule.cutoff**alpha == pytest.approx(bound, rel=1e-9)
    weights = rule.weights(j)
    np.testing.assert_allclose(weights, np.maximum(1 - axes / bound, 0), atol=1e-12)
    worst = radius**2 * float(np.max((1 - weights) ** 2 / axes**2)) + epsilon**2 * float((weights**2).sum())
    least_favourable = epsilon**2 * np.maximum(bound / axes - 1, 0)
    assert float((axes**2 * least_favourable).sum()) == pytest.approx(radius**2, rel=1e-9)
    bayes = epsilon**2 * least_favourable / (epsilon**2 + least_favourable)
    assert worst == pytest.approx(float(bayes.sum()), rel=1e-9)  # a saddle point


def test_pinsker_against_a_numerical_search() -> None:
    """Three components: no linear rule found by a general minimiser has a smaller worst case."""
    alpha, radius, epsilon = 1.0, 0.6, 0.3
    axes = np.arange(1.0, 7) ** alpha

    def worst(weights: Any) -> float:
        return radius**2 * float(np.max((1 - weights) ** 2 / axes**2)) + epsilon**2 * float(
            (weights**2).sum()
        )

    rule = Pinsker.minimax(alpha, radius, epsilon)
    found = minimize(
        worst,
        np.full(6, 0.5),
        method="Nelder-Mead",
        options={"maxiter": 20_000, "xatol": 1e-10, "fatol": 1e-12, "adaptive": True},
    )
    ours = worst(rule.weights(np.arange(1.0, 7)))
    assert ours <= found.fun * (1 + 1e-9) and ours == pytest.approx(found.fun, rel=2e-2)


def test_cutoff_and_pinsker_are_linear() -> None:
    z = np.random.default_rng(5).normal(size=(2, 9))
    np.testing.assert_array_equal(SpectralCutoff(4).estimate(z, 1.0), np.r_[np.ones(4), np.zeros(5)] * z)
    np.testing.assert_allclose(
        Pinsker(2.0, 3.0).estimate(z, 1.0)[:, :4], z[:, :4] * [8 / 9, 5 / 9, 0, 0], atol=1e-15
    )
    assert (SpectralCutoff(0).estimate(z, 1.0) == 0).all()


@pytest.mark.parametrize("rule", RULES, ids=repr)
@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.lists(EXTREME, min_size=1, max_size=20), st.floats(5e-324, 1.7e308), st.integers(-60, 60))
def test_rules_shrink_over_the_whole_range(rule: Any, z: list[float], epsilon: float, power: int) -> None:
    """No rule lengthens a component, turns its sign or depends on the sign; powers of two factor out."""
    data = np.array(z)
    theta = rule.estimate(data, epsilon)
    assert theta.shape == data.shape and np.isfinite(theta).all()
    assert (np.abs(theta) <= np.abs(data)).all() and ((theta == 0) | (np.sign(theta) == np.sign(data))).all()
    np.testing.assert_array_equal(rule.estimate(-data, epsilon), -theta)
    tame = np.clip(data, -1e100, 1e100) / 1e98
    tame[np.abs(tame) < 1e-200] = 0  # below the normal numbers powers of two do not factor out
    one, scaled = rule.estimate(tame, 0.5), rule.estimate(np.ldexp(tame, power), math.ldexp(0.5, power))
    np.testing.assert_array_equal(scaled, np.ldexp(one, power))


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_bad_data(rule: Any) -> None:
    for bad in ([], 1.0, np.zeros((3, 0)), [1.0, math.nan], [math.inf], ["a"], None):
        raises(lambda bad=bad: rule.estimate(bad, 1.0), "z")
    for bad in (0.0, -1.0, math.nan, math.inf, None, "1"):
        raises(lambda bad=bad: rule.estimate([1.0, 2.0], bad), "epsilon", "> 0")


@pytest.mark.parametrize(("call", "words"), [
    (lambda: UniversalThreshold("firm"), ("mode", "'firm'", "soft")),
    (lambda: IndexThreshold(0.0), ("factor", "> 0")), (lambda: FDRThreshold(0.0), ("rate", "> 0")),
    (lambda: FDRThreshold(1.0), ("rate", "< 1")), (lambda: SpectralCutoff(-1), ("kept", ">= 0")),
    (lambda: SpectralCutoff(1.5), ("kept", "whole")), (lambda: Pinsker(0.0, 1.0), ("smoothness", "> 0")),
    (lambda: Pinsker(1.0, math.inf), ("cutoff", "inf")),
    (lambda: Blockwise(HybridSURE), ("rule", "estimate")),
    (lambda: Blockwise(None), ("rule", "None")), (lambda: universal_level(0), ("size", ">= 1")),
    (lambda: Pinsker.minimax(1.0, 0.0, 1.0), ("radius", "> 0")),
    (lambda: Pinsker.minimax(1.0, 1.0, -1.0), ("epsilon", "> 0")),
    (lambda: Pinsker.minimax(0.1, 1e200, 1e-200), ("radius", "epsilon", "components")),
    (lambda: IndexThreshold().levels([-1.0]), ("log_index", ">= 0")),
])  # fmt: skip
def test_bad_rules(call: Any, words: tuple[str, ...]) -> None:
    raises(call, *words)


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.3])
def test_fdr_against_statsmodels(rate: float) -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    z = np.random.default_rng(3).standard_normal(500) * np.r_[np.full(50, 4.0), np.ones(450)]
    rejected, *_ = multitest.multipletests(2 * norm.sf(np.abs(z)), alpha=rate, method="fdr_bh")
    np.testing.assert_array_equal(FDRThreshold(rate).estimate(z, 1.0), np.where(rejected, z, 0.0))
