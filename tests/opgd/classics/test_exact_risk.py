"""Exact risks of thresholds and linear rules: by quadrature of the estimators, by simulation, by mpmath."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from cases import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from opgd import PowerLaw
from opgd.classics import (
    IndexThreshold,
    Pinsker,
    SpectralCutoff,
    UniversalThreshold,
    universal_level,
)
from opgd.classics.exact_risk import (
    oracle_cutoff,
    oracle_pinsker,
    pinsker_risk,
    threshold_risk,
    total_threshold_risk,
)
from opgd.theory import bounds

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)
MODES = ["soft", "hard"]
PROBLEMS = [
    PowerLaw(1, 2, 1.5, 2000, 10_000), PowerLaw(0.6, 1, 1.1, 1e4, 3000), PowerLaw(3, 1.5, 3, 1e5, 20_000),
    PowerLaw(1, 3, 2, 1e3, 100), PowerLaw(0.6, 2.5, 1.5, 300, 50_000),
]  # fmt: skip


def by_quadrature(estimate: Any, theta: float, epsilon: float, level: float) -> float:
    """Mean squared error of an estimator of one component, with panels that end where it has kinks."""
    cuts = np.r_[np.linspace(-12, 12, 25), (np.array([-level, level]) - theta) / epsilon]
    edges = np.sort(np.clip(cuts, -12, 12))
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    xi = (middle[:, None] + half[:, None] * NODES).ravel()
    weight = (half[:, None] * WEIGHTS).ravel() * np.exp(-(xi**2) / 2) / math.sqrt(2 * math.pi)
    return float(weight @ (estimate(theta + epsilon * xi) - theta) ** 2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [1, 2, 30, 5000])
def test_closed_form_against_the_estimator(mode: Any, size: int) -> None:
    """Universal thresholds: one component beside size - 1 others that are zero."""
    rule, epsilon = UniversalThreshold(mode), 0.3
    level = epsilon * universal_level(size)
    data = np.zeros((25 * 26 + 40, size))[:1]

    def estimate(z: Any) -> Any:
        return np.array([rule.estimate(np.r_[x, data[0, 1:]], epsilon)[0] for x in z])

    theta = epsilon * np.array([0.0, 0.4, -1.5, 3.0, 5.0, 9.0])
    ours = threshold_risk(theta, epsilon, level, mode)
    for mean, risk in zip(theta.tolist(), ours.tolist(), strict=True):
        assert risk == pytest.approx(by_quadrature(estimate, mean, epsilon, level), rel=1e-10, abs=1e-13)


def test_closed_form_at_levels_of_their_own() -> None:
    rule, epsilon, size = IndexThreshold(2.5), 0.01, 40
    levels = epsilon * rule.levels(np.log(np.arange(1, size + 1)))
    theta = epsilon * np.linspace(0, 6, size)
    ours = threshold_risk(theta, epsilon, levels, "hard")
    for j in (0, 1, 5, 20, 39):
        pad = np.zeros(size)

        def estimate(z: Any, j: int = j, pad: Any = pad) -> Any:
            return rule.estimate(np.where(np.arange(size) == j, z[:, None], pad), epsilon)[:, j]

        expected = by_quadrature(estimate, float(theta[j]), epsilon, float(levels[j]))
        assert ours[j] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("mode", MODES)
def test_against_thirty_digits(mode: Any) -> None:
    for mu in (0.0, 1e-9, 0.7, 4.0, 12.0, 37.0):
        for level in (0.0, 1e-9, 1.0, 5.0, 20.0, 37.0):
            with mp.workdps(60):
                m, t = mp.mpf(mu), mp.mpf(level)
                tail = [mp.erfc((t - s * m) / mp.sqrt(2)) / 2 for s in (1, -1)]
                shape = [mp.npdf(t - s * m) for s in (1, -1)]
                exact = m**2 * (1 - tail[0] - tail[1])
                for s, q, f in zip((1, -1), tail, shape, strict=True):
                    exact += q + (t - s * m) * f if mode == "hard" else (1 + t**2) * q - (t + s * m) * f
            rel = 1e-13 + 2e-16 * level**4
            assert float(threshold_risk(mu, 1.0, level, mode)) == pytest.approx(float(exact), rel=rel)


@settings(derandomize=True, deadline=None)
@given(st.floats(-1e300, 1e300), st.floats(5e-324, 1e150), st.floats(0, 1e150), st.sampled_from(MODES))
def test_over_the_whole_range(theta: float, epsilon: float, level: float, mode: Any) -> None:
    """Bounds by bias and noise, and the limits: always kept, never kept, no threshold."""
    if abs(theta) > 1e150 and abs(theta) < level + 50 * epsilon:
        raises(lambda: threshold_risk(theta, epsilon, level, mode), "exceeds")
        return
    risk = float(threshold_risk(theta, epsilon, level, mode))
    assert risk == float(threshold_risk(-theta, epsilon, level, mode)) >= 0
    bias = min(abs(theta), level)
    most = epsilon**2 + (bias**2 if mode == "soft" else 4 * (bias + epsilon) ** 2)
    assert risk <= most * (1 + 1e-12)
    if abs(theta) > level + 50 * epsilon:  # always kept
        assert risk == pytest.approx(epsilon**2 + (level**2 if mode == "soft" else 0.0), rel=1e-12)
    if level == 0:
        assert risk == pytest.approx(epsilon**2, rel=1e-12)
    if level > 50 * epsilon + abs(theta):  # never kept
        assert risk == pytest.approx(theta**2, rel=1e-12)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_totals_against_the_sum_over_all_components(problem: PowerLaw) -> None:
    model = problem.truncated()
    log_index = np.log(np.arange(1.0, problem.size + 1))
    for levels in (0.7, 4.2, IndexThreshold().levels, IndexThreshold(4.0).levels):
        for mode in MODES:
            level = levels if isinstance(levels, float) else levels(log_index)
            plain = threshold_risk(model.signal, model.epsilon, model.epsilon * level, mode).sum()
            assert total_threshold_risk(problem, levels, mode) == pytest.approx(plain, rel=1e-8)


def test_totals_by_simulation() -> None:
    """One pooled test: 6 rules on 5 problems, 400 trials each."""
    score = []
    for k, problem in enumerate(PROBLEMS):
        model = problem.truncated(min(int(problem.size), 2000))
        short = PowerLaw(problem.p, problem.q, problem.gamma, problem.n, model.size)
        z = model.observe(np.random.default_rng([4, k]), repetitions=400)
        level = universal_level(model.size)
        cutoff, risk = oracle_cutoff(short)
        pinsker = Pinsker(0.8, 50.5)
        for rule, exact in (
            (UniversalThreshold("soft"), total_threshold_risk(short, level, "soft")),
            (UniversalThreshold("hard"), total_threshold_risk(short, level, "hard")),
            (IndexThreshold(), total_threshold_risk(short, IndexThreshold().levels, "hard")),
            (IndexThreshold(3.0), total_threshold_risk(short, IndexThreshold(3.0).levels, "hard")),
            (cutoff, risk),
            (pinsker, pinsker_risk(pinsker, short)),
        ):
            losses = ((rule.estimate(z, model.epsilon) - model.signal) ** 2).sum(axis=1)
            score.append((losses.mean() - exact) / (losses.std() / math.sqrt(losses.size)))
    assert np.abs(score).max() < 4 and (np.square(score).sum() - len(score)) / math.sqrt(2 * len(score)) < 4


def test_noise_of_the_index_threshold() -> None:
    """At factor 2 the noise grows like (4 / (3 sqrt(pi))) (ln N)^(3/2), at factor 3 it converges."""
    sizes, noise = (1e6, 1e9, 1e12), {}
    for factor in (2.0, 3.0):
        rule = IndexThreshold(factor)
        noise[factor] = [
            total_threshold_risk(PowerLaw(40, 1, 1, 1, size), rule.levels, "hard") - 1 for size in sizes
        ]
    constant = 4 / (3 * math.sqrt(math.pi))
    growth = np.diff(noise[2.0]) / np.diff([math.log(size) ** 1.5 for size in sizes])
    assert growth[0] > growth[1] > constant and growth[1] == pytest.approx(constant, rel=0.05)
    assert np.diff(noise[3.0])[1] < 0.05


@pytest.mark.parametrize("problem", [*PROBLEMS, PowerLaw(1, 2, 1, 1, 4)], ids=str)
def test_oracle_cutoff_by_trying_all(problem: PowerLaw) -> None:
    model = problem.truncated()
    risks = [0.0 * problem.n, *np.arange(1.0, model.size + 1)] * np.array(problem.epsilon**2)
    risks += np.append(np.cumsum(model.signal[::-1] ** 2)[::-1], 0.0)
    rule, risk = oracle_cutoff(problem)
    assert risk == pytest.approx(risks.min(), rel=1e-12) == pytest.approx(risks[rule.kept], rel=1e-12)
    assert risk >= bounds.ideal_risk(problem) * (1 - 1e-12)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_pinsker_against_the_sum_and_the_oracle_against_a_grid(problem: PowerLaw) -> None:
    model, index = problem.truncated(), np.arange(1.0, problem.size + 1)

    def plain(rule: Pinsker) -> float:
        weight = rule.weights(index)
        return float((((1 - weight) * model.signal) ** 2 + (weight * model.epsilon) ** 2).sum())

    for rule in (Pinsker(0.2, 900.0), Pinsker(1.0, 77.7), Pinsker(5.0, 1e7), Pinsker(1.0, 0.5)):
        assert pinsker_risk(rule, problem) == pytest.approx(plain(rule), rel=1e-8)
    best, risk = oracle_pinsker(problem)
    assert risk == pytest.approx(plain(best), rel=1e-8)
    grid = [Pinsker(a, m) for a in np.geomspace(0.1, 20, 12) for m in np.geomspace(1, 3 * problem.size, 25)]
    assert risk <= min(pinsker_risk(rule, problem) for rule in grid) * (1 + 1e-6)
    assert risk <= oracle_pinsker(problem, 0.7)[1] * (1 + 1e-9)
    assert risk <= oracle_cutoff(problem)[1] * 1.02  # a cut-off is the limit of large smoothness


def test_untruncated_problems() -> None:
    problem, long = PowerLaw(1, 2, 1.5, 2000), PowerLaw(1, 2, 1.5, 2000, 10**12)
    missing = float(mp.zeta(2, long.signals + 1))
    assert oracle_cutoff(problem)[1] == pytest.approx(oracle_cutoff(long)[1] + missing, rel=1e-12)
    rule = Pinsker(0.5, 1000.0)
    assert pinsker_risk(rule, problem) == pytest.approx(pinsker_risk(rule, long) + missing, rel=1e-12)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: threshold_risk([math.nan], 1.0, 1.0), ("theta", "nan")),
    (lambda: threshold_risk(1.0, 0.0, 1.0), ("epsilon", "> 0")),
    (lambda: threshold_risk(1.0, 1.0, -1.0), ("level", ">= 0")),
    (lambda: threshold_risk(1.0, 1.0, 1.0, "firm"), ("mode", "firm")),
    (lambda: threshold_risk([1.0, 2.0], 1.0, [1.0, 2.0, 3.0]), ("theta", "level", "broadcast")),
    (lambda: threshold_risk(1e300, 1.0, 1e300, "soft"), ("exceeds",)),
    (lambda: total_threshold_risk(PowerLaw(1, 2, 1, 10), 1.0), ("problem", "finite")),
    (lambda: total_threshold_risk(PROBLEMS[0], -1.0), ("levels", ">= 0")),
    (lambda: total_threshold_risk(None, 1.0), ("problem", "None")),
    (lambda: oracle_cutoff(None), ("problem", "PowerLaw")),
    (lambda: oracle_pinsker(3), ("problem", "PowerLaw")),
    (lambda: oracle_pinsker(PROBLEMS[0], 0.0), ("smoothness", "> 0")),
    (lambda: pinsker_risk(SpectralCutoff(3), PROBLEMS[0]), ("rule", "Pinsker")),
])  # fmt: skip
def test_bad_input(call: Any, words: tuple[str, ...]) -> None:
    raises(call, *words)
